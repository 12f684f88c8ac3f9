"""What HDF5, TensorFlow and OpenVINO say of a disk that takes no more, in the system's words."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

_NUMBERS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EIO)
_NUMBER = re.compile(r"errno = (\d+)")  # so HDF5 has it in the message of a `RuntimeError`


@contextmanager
def disk_errors(path: str | os.PathLike[str]) -> Iterator[None]:
    """Within this, an error that comes of a full, read-only or broken disk is an `OSError` with number and file.

    HDF5 raises it as a `RuntimeError` when it closes the file, TensorFlow and OpenVINO as one of their own errors.

    Args:
        path: The file that was to be written, for the message.

    Raises:
        OSError: In the place of such an error; all others are left as they are.
    """
    try:
        yield
    except Exception as error:
        number = _number_of(error)
        if number is None or (isinstance(error, OSError) and error.filename):
            raise
        raise OSError(number, os.strerror(number), os.fspath(path)) from error


def _number_of(error: BaseException | None) -> int | None:
    while error is not None:
        found = _NUMBER.search(str(error))
        number = error.errno if isinstance(error, OSError) else int(found[1]) if found else None
        if number in _NUMBERS:
            return number
        for number in _NUMBERS:
            if os.strerror(number) in str(error):  # TensorFlow has no more than the words
                return number
        if "iostream error" in str(error):  # all that OpenVINO says
            return errno.EIO
        error = error.__cause__ or error.__context__
    return None
