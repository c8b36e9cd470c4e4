"""Every code that reading a workbook can give, in Chinese and English. Services add their trade's codes in words.toml."""

from __future__ import annotations

CELL_MESSAGES: dict[str, tuple[str, str]] = {
    "NAME_MISSING": ("缺少姓名", "The name is missing"),
    "NAME_CHARSET": ("姓名含有控制字符或看不见的字符", "The name holds control characters or signs that cannot be seen"),
    "ID_MISSING": ("缺少证件号码", "The ID number is missing"),
    "ID_LENGTH": ("身份证号位数不对,应为18位(旧号15位)", "The ID number has a wrong length; 18 digits are needed (15 in old ones)"),
    "ID_CHECKSUM": (
        "身份证号校验位不符,至少有一位写错(GB 11643)",
        "The ID number fails its check digit; at least one digit is wrong (GB 11643)",
    ),
    "ID_CHARSET": ("身份证号含有不应出现的字符", "The ID number holds a character that cannot be there"),
    "ID_BIRTH_INVALID": ("身份证号中的出生日期不存在", "The birth date inside the ID number does not exist"),
    "ID_AREA_UNKNOWN": ("身份证号的地区码不存在", "The area code of the ID number does not exist"),
    "ID_PRECISION_LOST": (
        "身份证号按数字保存,后几位已丢失,须按文本重新录入",
        "The ID number was stored as a number and lost its last digits; type it again as text",
    ),
    "ID_15_CONVERTED": ("15位旧号已换算为18位", "An old 15-digit number was converted to 18 digits"),
    "ID_SEX_MISMATCH": ("性别与身份证号不符,已按身份证号", "The sex contradicts the ID number, whose value was taken"),
    "ID_BIRTH_MISMATCH": ("出生日期与身份证号不符,已按身份证号", "The birth date contradicts the ID number, whose value was taken"),
    "DATE_PARTIAL": ("日期不完整,只有年月", "The date is incomplete"),
    "DATE_TWO_DIGIT_YEAR": ("年份只有两位,已推断世纪", "The year has two digits; the century was inferred"),
    "DATE_IMPOSSIBLE": ("日期不存在", "There is no such day"),
    "DATE_FUTURE": ("日期晚于截止日", "The date is later than the day of the ledger"),
    "DATE_UNPARSABLE": ("看不出是哪一天", "No date can be read from this"),
    "PHONE_INVALID": ("电话号码位数或号段不对", "The phone number has a wrong length or prefix"),
    "USCC_CHECKSUM": ("统一社会信用代码校验位不符(GB 32100)", "The company code fails its check character (GB 32100)"),
    "NUMBER_UNPARSABLE": ("不是数值", "This is not a number"),
    "VALUE_MISSING": ("必填项为空", "A required value is missing"),
    "CHOICE_UNKNOWN": ("不认识的填法", "This value is not known"),
    "CELL_ERROR": (
        "此单元格的公式出错,请改填实际内容",
        "The formula of this cell failed; type what should stand there",
    ),
    "PLACE_UNKNOWN": ("地名不在行政区划中", "The place is not in the list of divisions"),
    "PLACE_AMBIGUOUS": ("同名地有多处,请写全称", "Several places have this name; write it in full"),
    "PLACE_ELSEWHERE": ("该地名属于别的上级区划", "The place belongs to another division"),
    "DATE_RANGE": ("填的是起止日期,已取起始日", "Begin and end stand in one cell; the begin was taken"),
    "DATE_ZONE": ("时间带有时区,已换算为北京时间的日期", "The instant has a time zone; its day in Beijing was taken"),
    "COLUMNS_DIFFER": (
        "另有一列({column})也是这一项而内容不同,须人工确认",
        "Another column ({column}) has the same field and says something else; a person must decide",
    ),
    "RECORD_SWALLOWED": (
        "文件第{first_line}至{last_line}行被引号并成了一条,可能吞掉了别的记录,请检查引号",
        "Lines {first_line} to {last_line} became one record by a quotation mark; other records may be inside it: check the quotes",
    ),
    "DUP_IN_FILE": ("同一证件号码在本文件第{first_row}行已出现", "The same ID number stands in row {first_row} of this file already"),
}

FILE_MESSAGES: dict[str, tuple[str, str]] = {
    "FILE_EMPTY": ("文件是空的", "The file is empty"),
    "FILE_TOO_LARGE": ("文件过大", "The file is too large"),
    "FILE_TYPE_UNKNOWN": ("只能读取 xlsx、xlsm、xls、csv、txt", "Only xlsx, xlsm, xls, csv and txt can be read"),
    "FILE_NOT_AS_NAMED": (
        "文件内容与扩展名不一致,请用表格软件另存为 xlsx",
        "The content is not what the extension says; save it again as xlsx",
    ),
    "FILE_ENCRYPTED": ("文件有打开密码,请去掉密码后再上传", "The file is protected by a password; remove it and upload again"),
    "FILE_CORRUPT": (
        "文件已损坏或不完整,请用表格软件打开并另存后再上传",
        "The file is damaged or incomplete; open and save it again, then upload",
    ),
    "ARCHIVE_ENTRIES": ("压缩包内条目过多", "The archive holds too many entries"),
    "ARCHIVE_TOO_LARGE": ("解压后过大", "The archive is too large when unpacked"),
    "ARCHIVE_RATIO": ("压缩比异常", "The archive's compression ratio is abnormal"),
    "SHEET_TOO_LARGE": (
        "工作表的行列范围过大,请删除多余的空白行列",
        "The sheet's rectangle is too large; delete the rows and columns beyond the data",
    ),
    "CELL_REFERENCE": ("单元格地址不合规范", "A cell reference is malformed"),
    "STRINGS_COUNT": ("共享字符串计数不实", "The count of shared strings is not true"),
    "TEXT_BINARY": ("文本文件中含有二进制内容", "The text file holds binary content"),
    "TEXT_ENCODING": ("文字编码无法识别,请存为 UTF-8", "The text's encoding cannot be recognised; save it as UTF-8"),
    "LINE_TOO_LONG": ("有一行过长", "A line is too long"),
    "FORMULA_WITHOUT_VALUE": (
        "有公式未计算出结果,这些单元格按空白读取;请用表格软件打开并保存后再上传",
        "Some formulas were never calculated and read as empty; open and save the file, then upload again",
    ),
    "PARSER_STOPPED": ("解析进程异常终止,文件可能有害或已损坏", "The parsing process was stopped; the file may be harmful or damaged"),
    "PARSER_MEMORY": ("解析占用内存过多,已停止", "Parsing needed too much memory and was stopped"),
    "PARSER_TIMEOUT": ("解析超时,已停止", "Parsing took too long and was stopped"),
}


def file_message(code: str) -> tuple[str, str]:
    """Chinese and English text of a reason to refuse the file."""
    return FILE_MESSAGES.get(code, FILE_MESSAGES["FILE_CORRUPT"])


def cell_message(code: str, args: dict[str, object] | None = None, more: dict[str, tuple[str, str]] | None = None) -> tuple[str, str]:
    """Chinese and English text of a cell's problem, its arguments filled in; `more` are the trade's own messages."""
    zh, en = (more or {}).get(code) or CELL_MESSAGES.get(code) or (code, code)
    if args:
        zh, en = zh.format_map(args), en.format_map(args)
    return zh, en
