"""Small file operations that survive a crash: write whole or not at all, and on disk before renamed."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

FILE_MODE, SECRET_FOLDER_MODE = 0o640, 0o700
UMASK = 0o027


def keep_private() -> None:
    """What this process and its children write is for the owner and the group, whatever the umask of the caller."""
    os.umask(UMASK)


def fsync_path(path: Path) -> None:
    """Force a file or a directory entry to disk."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def fsync_tree(root: Path) -> None:
    """Force every file and directory below `root`, and `root` itself, to disk."""
    for folder, _, names in os.walk(root):
        for name in names:
            fsync_path(Path(folder) / name)
        fsync_path(Path(folder))


def write_atomic(path: Path, text: str) -> None:
    """Replace `path` by `text` in one step: a reader sees the old text or the new one, never half of it.

    Names of files that are no UTF-8 keep their bytes.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    fd, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    tmp = Path(name)
    try:
        with os.fdopen(fd, "w", encoding="utf-8", errors="surrogateescape") as f:
            f.write(text)
            f.flush()
            os.fsync(f.fileno())
        tmp.chmod(FILE_MODE)
        tmp.replace(path)
    except BaseException:
        tmp.unlink(missing_ok=True)
        raise
    fsync_path(path.parent)


def write_json(path: Path, data: Any) -> None:
    """Write JSON for people and programs, atomically."""
    write_atomic(path, json.dumps(data, ensure_ascii=False, indent=1, sort_keys=True) + "\n")


def read_json(path: Path) -> Any:
    """The JSON in `path`, or None when the file is not there or cannot be read as JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8", errors="surrogateescape"))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None


def copy_synced(src: Path, dst: Path) -> None:
    """Copy a file and force the copy to disk."""
    shutil.copyfile(src, dst)
    fsync_path(dst)


def remove_tree(path: Path) -> None:
    """Remove a file or a directory if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
