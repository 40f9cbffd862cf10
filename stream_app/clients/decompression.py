"""Decompression that stops at a limit, by the number that Kafka has for each codec."""

import gzip
import io
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from functools import partial

import cramjam

__all__ = ["DECOMPRESS", "BrokenError", "Decompress", "TooLargeError"]

Decompress = Callable[[bytes, int, bytes], bytes]
"""Takes what is compressed, how many bytes may come of it, and what stands before them in what is returned.

Raises TooLargeError and BrokenError.
"""

_SNAPPY_STREAM = b"\x82SNAPPY\x00"
_SNAPPY_STREAM_HEADER_BYTES = 16
_BLOCK_LENGTH = struct.Struct(">i")
# The first buffer is enough for nearly all; another one is larger by the second number.
_FIRST_RATIO, _NEXT_RATIO = 16, 8
_SMALLEST_BUFFER_BYTES = 64 * 1024


class TooLargeError(ValueError):
    """More would come of it than the limit."""


class BrokenError(ValueError):
    """No such codec has made this."""


def _gzip(data: bytes, limit: int, head: bytes) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
            plain = file.read(limit + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise BrokenError from error
    if len(plain) > limit:
        raise TooLargeError
    return head + plain


def _snappy(data: bytes, limit: int, head: bytes) -> bytes:
    try:
        blocks = list(_snappy_blocks(data))
        if sum(map(cramjam.snappy.decompress_raw_len, blocks)) > limit:
            raise TooLargeError
        return b"".join((head, *(bytes(cramjam.snappy.decompress_raw(block)) for block in blocks)))
    except (cramjam.DecompressionError, struct.error) as error:
        raise BrokenError from error


def _snappy_blocks(data: bytes) -> Iterator[bytes]:
    """One block, or those of the stream that the Java library makes."""
    if not data.startswith(_SNAPPY_STREAM):
        yield data
        return
    at = _SNAPPY_STREAM_HEADER_BYTES
    while at < len(data):
        begin = at + _BLOCK_LENGTH.size
        at = begin + max(0, _BLOCK_LENGTH.unpack_from(data, at)[0])
        yield data[begin:at]


def _into_buffer(decompress_into: Callable[[bytes, memoryview], int], data: bytes, limit: int, head: bytes) -> bytes:
    size = max(_SMALLEST_BUFFER_BYTES, _FIRST_RATIO * len(data))
    while True:
        buffer = memoryview(bytearray(len(head) + min(size, limit)))
        try:
            written = decompress_into(data, buffer[len(head) :])
        except cramjam.DecompressionError as error:
            if not _is_full(error):
                raise BrokenError from error
            if size >= limit:
                raise TooLargeError from error
            size *= _NEXT_RATIO
        else:
            buffer[: len(head)] = head
            return bytes(buffer[: len(head) + written])


def _is_full(error: Exception) -> bool:
    """Whether the buffer was too small; the library has no other sign of it than Rust's own words."""
    return str(error) == "failed to write whole buffer"


DECOMPRESS: Mapping[int, Decompress] = {
    1: _gzip,
    2: _snappy,
    3: partial(_into_buffer, cramjam.lz4.decompress_into),
    4: partial(_into_buffer, cramjam.zstd.decompress_into),
}
