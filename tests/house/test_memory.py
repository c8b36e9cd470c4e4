"""The tests' own Postgres lives in memory where there is room, and leaves nothing there."""

from __future__ import annotations

from pathlib import Path

from tests.memory import PREFIX, cluster_folder, held


def test_a_cluster_lives_in_memory_where_there_is_room(tmp_path: Path) -> None:
    memory, disk = tmp_path / "memory", tmp_path / "disk"
    memory.mkdir()
    with cluster_folder(disk, memory, room=0) as folder:
        assert folder.path.parent == memory
        with cluster_folder(disk, memory, room=0) as another:
            assert another.path != folder.path
    assert list(memory.iterdir()) == []
    with cluster_folder(disk, memory, room=1 << 60) as folder:
        assert folder.path == disk
    with cluster_folder(disk, tmp_path / "missing", room=0) as folder:
        assert folder.path == disk


def test_what_a_killed_run_left_in_memory_goes_and_what_somebody_holds_stays(tmp_path: Path) -> None:
    left, new = tmp_path / f"{PREFIX}left", tmp_path / f"{PREFIX}new"
    with held(left):
        pass
    (left / "postgres").mkdir()
    new.mkdir()
    with held(tmp_path / f"{PREFIX}held") as folder, cluster_folder(tmp_path / "disk", tmp_path, room=1 << 60):
        assert not left.exists()
        assert folder.path.exists()
        assert new.exists(), "it is just being made"
