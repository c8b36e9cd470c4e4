"""Is this a header, of which kind of table, and which column is which field?

Headers have one to three rows; with several, a column's name may be its lowest cell, the cells joined, or the cell above
(merged over columns: spread to the right; merged over rows: alone). A learned header wins, then a sure word, then the word
without its brackets, then a weak word. The kind with the most columns whose needs are met is taken, and only when something says
for sure that the list is of that kind (vocabulary.Kind).

A field is read from one column. Of several that name it the visible one comes before the hidden one, the one that names the person
(本人电话) before the bare one (电话), and one that stands beside another person's name (家属姓名, 责任人) comes last. Where two stand
equally their rows are compared (`rivals`); the others are left out and told (`dropped`).
"""

from __future__ import annotations

import difflib
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from kit.sheets.plain import compact, header_forms, text_of
from kit.sheets.vocabulary import Kind, Vocabulary

MAX_HEADER_ROWS = 3
_MOST_AROUND = 3
_LONG_NUMBER = re.compile(r"\d{5}")
_SURE = 2  # the last rank of a claim that is not a weak word
_MOST_CUTS = 24
_GAP_BONUS, _CUT_COST = 0.4, 1.0
_OF_A_PERSON = frozenset({"phone", "id_number"})
"""What belongs to the person whose name stands on the left."""
_NAME_OF_ONE = ("", "姓名", "名字", "名称")
"""What is left of a header that holds another person's name."""
_WEIGHT = (1.2, 1.0, 0.9, 0.6)  # learned, sure, sure without brackets, weak
Cells = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Match:
    """A header of `height` rows: column index -> field, and the unread columns' header texts."""

    kind: Kind
    height: int
    columns: dict[int, str]
    unknown: dict[int, str]
    score: float
    rivals: dict[int, str] = field(default_factory=dict)
    """Columns that name a field as well as the one that is read for it."""
    dropped: dict[int, str] = field(default_factory=dict)
    """Columns (among `unknown`) that name a field less well."""


class HeaderFinder:
    """Finds the headers of a vocabulary's kinds."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.kinds = list(vocabulary.kinds.values())
        self._numbers = {
            form for word in (*vocabulary.office["row_numbers"], *vocabulary.office["not_read"]) for form in header_forms(word)
        }
        self._around = (
            tuple(form for word in vocabulary.around[0] for form in header_forms(word)[:1]),
            tuple(form for word in vocabulary.around[1] for form in header_forms(word)[:1]),
        )
        self._own = tuple(form for word in vocabulary.office["own"] for form in header_forms(word)[:1])
        self._others = tuple(form for word in vocabulary.office["others"] for form in header_forms(word)[:1])
        self._between = frozenset(form for word in vocabulary.office["between"] for form in header_forms(word)[:1])
        self._sure: dict[str, dict[str, str]] = {}
        self._weak: dict[str, dict[str, str]] = {}
        self._learned: dict[str, dict[str, str]] = {}
        everywhere = vocabulary.learned.get("*", {})
        for kind in self.kinds:
            sure: dict[str, str] = {}
            weak: dict[str, str] = {}
            for one in kind.fields.values():
                for word in one.headers:
                    for form in header_forms(word)[:1]:
                        sure.setdefault(form, one.name)
                for word in one.weak:
                    for form in header_forms(word)[:1]:
                        weak.setdefault(form, one.name)
            self._sure[kind.name], self._weak[kind.name] = sure, weak
            learned = {**everywhere, **vocabulary.learned.get(kind.name, {})}
            self._learned[kind.name] = {
                forms[0]: name for header, name in learned.items() if (forms := header_forms(header)) and name in ("", *kind.fields)
            }
        self.words = {
            form for table in (self._sure, self._weak, self._learned) for forms in table.values() for form in forms
        } | self._numbers
        self.raw = self._raw_spellings(vocabulary)

    def _raw_spellings(self, vocabulary: Vocabulary) -> set[str]:
        """How header words may stand in a cell, to pass over 100,000 data rows with one set test each."""
        words = {w for kind in self.kinds for field in kind.fields.values() for w in (*field.headers, *field.weak)}
        words |= {h for table in vocabulary.learned.values() for h in table} | {
            w for w in vocabulary.office["row_numbers"] if not w.isascii()
        }
        spelled = set(words)
        for word in words:
            spelled |= {word + mark for mark in ("*", "：", ":")} | {"*" + word}
            if 2 <= len(word) <= 4:
                spelled |= {blank.join(word) for blank in (" ", "  ", "   ", "　", "\n")}
        return spelled

    def known_as(self, kind: str, header: str) -> frozenset[str]:
        """The fields as which a kind (or "*": any) knows a header by a sure word."""
        kinds = self._sure if kind == "*" else {kind: self._sure.get(kind, {})}
        forms = header_forms(header)
        whole = [*forms, *(bare for form in forms for bare in self._bare(form))]
        return frozenset(words[form] for words in kinds.values() for form in whole if form in words)

    def is_word(self, text: str) -> bool:
        """Whether a text is a header word of ours."""
        return self._known(text)

    def hits(self, row: Cells) -> int:
        """How many cells of a row are header words."""
        return sum(self._known(cell) for cell in row if isinstance(cell, str) and 0 < len(cell) <= 40)

    def _known(self, text: str) -> bool:
        return any(form in self.words or any(bare in self.words for bare in self._bare(form)) for form in header_forms(text))

    @staticmethod
    def looks_like_header(row: Cells) -> bool:
        """Short texts only, nothing that is a date, a number or a long run of digits."""
        filled = [cell for cell in row if cell != ""]
        return bool(filled) and all(isinstance(c, str) and len(c) <= 60 and not _LONG_NUMBER.search(c) for c in filled)

    def match(
        self,
        rows: Sequence[Cells],
        merges: Sequence[tuple[int, int, int, int]] = (),
        said: str = "",
        hidden: frozenset[int] = frozenset(),
    ) -> Match | None:
        """The best header that starts with the first of `rows` (0-based merges relative to it), or None.

        `said`: the titles above it and the sheet's name; `hidden`: columns that nobody sees.
        """
        best: Match | None = None
        for height in range(1, min(MAX_HEADER_ROWS, len(rows)) + 1):
            if not self.looks_like_header(rows[height - 1]):
                break
            if height > 1 and not self._continues(rows[: height - 1], rows[height - 1]):
                continue
            names = self._names(rows[:height], merges)
            for kind in self.kinds:
                found = self._columns(kind, names, height, compact(said), hidden)
                if found and (best is None or found.score > best.score + 0.05):
                    best = found
        return best

    def beside(self, rows: Sequence[Cells], merges: Sequence[tuple[int, int, int, int]] = (), said: str = "") -> list[tuple[int, int]]:
        """(first, last) columns of tables that stand beside each other under a header that starts with the first of `rows`; [] for one table.

        They may be cut where a header is empty, the rows are numbered anew, or a field comes again, so that each side is a header by itself;
        of all such cuts those are taken that leave the fewest columns unread.
        """
        row = rows[0]
        cuts = sorted({0, len(row), *self._cuts(row)})
        if not 2 < len(cuts) <= _MOST_CUTS:
            return []
        best: dict[int, tuple[float, tuple[int, ...]]] = {0: (0.0, (0,))}
        for at, end in enumerate(cuts[1:], 1):
            for start in cuts[:at]:
                if start not in best:
                    continue
                found = self.match([[cell if start <= i < end else "" for i, cell in enumerate(one)] for one in rows], merges, said)
                if found:
                    gap = _GAP_BONUS * len(list(itertools.takewhile(lambda cell: cell == "", row[max(start - 2, 0) : start][::-1])))
                    total = best[start][0] + found.score + gap - _CUT_COST
                    if end not in best or total > best[end][0]:
                        best[end] = (total, (*best[start][1], end))
        bounds = best.get(len(row), (0.0, (0,)))[1]
        return [(first, last - 1) for first, last in itertools.pairwise(bounds)] if len(bounds) > 2 else []

    def _cuts(self, row: Cells) -> set[int]:
        cuts = {i + 1 for i, cell in enumerate(row[:-1]) if cell == "" and row[i + 1] != ""}
        texts = [text_of(cell) for cell in row]
        cuts |= {i for i, text in enumerate(texts) if (header_forms(text) or ("",))[0] in self._numbers}
        for kind in self.kinds:
            seen: set[str] = set()
            for i, text in enumerate(texts):
                claim = self._claim(kind.name, [text]) if text else None
                if claim is None or claim[2] == "" or claim[1] > _SURE:
                    continue
                if claim[2] in seen:
                    cuts.add(i)
                    seen.clear()
                seen.add(claim[2])
        return cuts

    def _continues(self, above: Sequence[Cells], row: Cells) -> bool:
        """A lower header row names sub-columns: at least half of its cells are header words, alone or under the cell above.

        Where the row above leaves gaps that this one fills, as under merged cells, a third is enough.
        """
        spread = self._spread(above[-1], ())
        filled = [(i, cell) for i, cell in enumerate(row) if cell != ""]
        known = sum(self._known(cell) or self._known(f"{spread[i]}{cell}") for i, cell in filled if isinstance(cell, str))
        gaps = sum(above[-1][i] == "" for i, _ in filled)
        return known > 0 and (2 * known >= len(filled) or (gaps > 0 and 3 * known >= len(filled)))

    @staticmethod
    def _spread(row: Cells, merged: Sequence[tuple[int, int]]) -> list[str]:
        """Group names over their columns: by merges when they are known, otherwise to the next filled cell."""
        texts = [cell if isinstance(cell, str) else text_of(cell) for cell in row]
        if merged:
            for first, last in merged:
                for i in range(first + 1, min(last + 1, len(texts))):
                    texts[i] = texts[first]
            return texts
        for i in range(1, len(texts)):
            if texts[i] == "":
                texts[i] = texts[i - 1]
        return texts

    def _names(self, rows: Sequence[Cells], merges: Sequence[tuple[int, int, int, int]]) -> list[list[str]]:
        """For each column its possible names, surest first."""
        if len(rows) == 1:
            return [[text_of(cell)] if cell != "" else [] for cell in rows[0]]
        layers = []
        for depth, row in enumerate(rows[:-1]):
            across = [(c1, c2) for r1, c1, r2, c2 in merges if r1 <= depth <= r2 and c2 > c1]
            layers.append(self._spread(row, across))
        layers.append([text_of(cell) for cell in rows[-1]])
        names = []
        for column in range(len(rows[0])):
            parts = [layer[column] for layer in layers if layer[column] != ""]
            own = [rows[depth][column] for depth in range(len(rows)) if rows[depth][column] != ""]
            if not own:
                names.append([])
                continue
            lowest_filled = layers[-1][column] != ""
            options = ["".join(parts), parts[-1]] if lowest_filled else [text_of(own[-1]), "".join(map(text_of, own))]
            names.append([*dict.fromkeys([*options, *reversed(parts[:-1])] if lowest_filled else options)])
        return names

    def _columns(self, kind: Kind, names: Sequence[Sequence[str]], height: int, said: str, hidden: frozenset[int]) -> Match | None:
        claims: list[tuple[tuple[int, bool, bool, bool], int, int, int, str]] = []
        passed: set[int] = set()
        persons = any(one.type == "person_name" for one in kind.fields.values())
        asides: dict[int, str] = {}
        told = False
        aside = False  # right of another person's name
        for column, options in enumerate(names):
            claim = self._claim(kind.name, options)
            of_person = claim is not None and claim[2] != "" and kind.fields[claim[2]].type in _OF_A_PERSON
            named = claim is not None and claim[2] != "" and kind.fields[claim[2]].type == "person_name"
            if options and persons and (claim is None or (claim[1] > 0 and (of_person or named))) and self._of_another(options):
                aside = aside or self._names_another(options)
                continue
            if claim is None:
                aside = aside and (not options or self._says_more(options))
                continue
            order, rank, name = claim
            aside = aside and of_person and rank > 0 and not self._own_word(options)
            told = told or (rank <= _SURE and name in kind.told_by) or (rank == 0 and name in kind.distinct)
            if name == "":
                passed.add(column)
            elif aside and kind.fields[name].options.get("own_only"):
                asides[column] = name  # whose it is, only a person can say: it is left out and told
            else:
                after_worker = aside or (of_person and self._beside_worker(kind, names, column))
                standing = (0 if rank == 0 else 1 if rank <= _SURE else 2, column in hidden, after_worker, not self._own_word(options))
                claims.append((standing, rank, order, column, name))
        if not told and not self._named(kind, said, names):
            return None
        return self._given(kind, names, height, claims, passed, asides)

    def _given(
        self,
        kind: Kind,
        names: Sequence[Sequence[str]],
        height: int,
        claims: list[tuple[tuple[int, bool, bool, bool], int, int, int, str]],
        passed: set[int],
        asides: dict[int, str],
    ) -> Match | None:
        """Each field to the column that names it best."""
        columns: dict[int, str] = {}
        taken: dict[str, tuple[int, bool, bool, bool]] = {}
        rivals: dict[int, str] = {}
        dropped = dict(asides)
        score = 0.0
        for standing, rank, order, column, name in sorted(claims):
            if name not in taken:
                columns[column], taken[name] = name, standing
                score += _WEIGHT[rank]
            elif standing == taken[name] and rank <= _SURE and order == 0 and kind.fields[name].type != "text":
                rivals[column] = name
            elif rank <= _SURE:
                dropped[column] = name
        if len(columns) < 2 or not all(taken.keys() & set(group) for group in kind.requires):
            return None
        read = columns.keys() | rivals.keys() | passed
        unknown = {i: max(options, key=len) for i, options in enumerate(names) if options and i not in read}
        return Match(kind, height, dict(sorted(columns.items())), unknown, score, rivals, dropped)

    def _named(self, kind: Kind, said: str, names: Sequence[Sequence[str]]) -> bool:
        """Whether a title, the sheet's name or a header names the kind of list; a title that says that it is another list is believed."""
        texts = [said, *(compact(name) for options in names for name in options)]
        return not kind.denied(said) and any(word in text and not kind.denied(text) for word in kind.named for text in texts)

    def _own_word(self, options: Sequence[str]) -> bool:
        return any(form.startswith(self._own) for form in header_forms(options[0]))

    def _of_another(self, options: Sequence[str]) -> bool:
        """Whether a header names another person: somebody of the family, a guardian, whom to call."""
        return any(form.startswith(self._others) for form in header_forms(options[0]))

    def _names_another(self, options: Sequence[str]) -> bool:
        """Whether the column holds that person's name, so that what follows may be that person's too."""
        forms = header_forms(options[0])
        return any(form.removeprefix(word) in _NAME_OF_ONE for form in forms for word in self._others if form.startswith(word))

    def _says_more(self, options: Sequence[str]) -> bool:
        """Whether a column that nobody reads says more of whoever the column on its left names: how they are related, where they work."""
        return any(
            form in self._between or form.removeprefix(word) in self._between
            for form in header_forms(options[0])
            for word in ("", *self._others)
        )

    def _beside_worker(self, kind: Kind, names: Sequence[Sequence[str]], column: int) -> bool:
        """Whether the nearest header on the left names who cares for the person: a phone there may be the worker's."""
        left = next((options for options in reversed(names[:column]) if options), None)
        claim = self._claim(kind.name, left) if left else None
        return claim is not None and bool(claim[2]) and bool(kind.fields[claim[2]].options.get("another"))

    def _claim(self, kind: str, options: Sequence[str]) -> tuple[int, int, str] | None:
        """(which name, rank, field) of a column; field "" when the column is known and not read."""
        for order, text in enumerate(options):
            forms = header_forms(text)
            for form in forms:
                if form in self._learned[kind]:
                    return order, 0, self._learned[kind][form]
            for position, form in enumerate(forms):
                if form in self._sure[kind]:
                    return order, min(1 + position, _SURE), self._sure[kind][form]
            for form in forms:
                for bare in self._bare(form):
                    if bare in self._sure[kind]:
                        return order, 2, self._sure[kind][bare]
            for form in forms:
                if form in self._weak[kind]:
                    return order, 3, self._weak[kind][form]
            if order == 0 and forms and forms[0] in self._numbers:
                return order, 3, ""
        return None

    def _bare(self, form: str) -> list[str]:
        """A header's form without prefixes and suffixes that say nothing of their own, up to three of them, the longest rest first."""
        prefixes, suffixes = self._around
        found: dict[str, None] = {}
        rests = [form]
        for _ in range(_MOST_AROUND):
            rests = [
                rest
                for one in rests
                for rest in (
                    *(one[len(prefix) :] for prefix in prefixes if one.startswith(prefix)),
                    *(one[: -len(suffix)] for suffix in suffixes if one.endswith(suffix)),
                )
                if len(rest) > 1 and rest not in found
            ]
            found |= dict.fromkeys(rests)
        return sorted(found, key=len, reverse=True)

    def suggestions(self, kind: Kind | None, header: str, taken: set[str]) -> tuple[str, ...]:
        """Up to three fields whose words resemble an unknown header: contained in it, or much alike."""
        forms = header_forms(header)
        if not forms:
            return ()
        scored: dict[str, float] = {}
        for one in [kind] if kind else self.kinds:
            for word, named in self._sure[one.name].items():
                if named in taken:
                    continue
                inside = len(word) > 1 and (word in forms[0] or forms[0] in word)
                likeness = (
                    0.6 + 0.4 * min(len(word), len(forms[0])) / max(len(word), len(forms[0]))
                    if inside
                    else difflib.SequenceMatcher(None, word, forms[0]).ratio()
                )
                scored[named] = max(scored.get(named, 0), likeness)
        return tuple(sorted((f for f in scored if scored[f] >= 0.5), key=lambda f: -scored[f])[:3])

    def spellings(self, rows: Sequence[Cells]) -> None:
        """Remember a found header as it stands, so that its repetitions are seen."""
        self.raw |= {cell for row in rows for cell in row if isinstance(cell, str) and len(compact(cell)) > 1}
