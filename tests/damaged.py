"""Hypothesis strategies of what a careless or hostile hand makes of a good file."""

from __future__ import annotations

from hypothesis import strategies as st

# numbers, words and marks that readers stumble over
AWKWARD = [
    b"", b"\x00", b"\xff", b"\xff\xfe", b"\x80", b"NaN", b"nan", b"Infinity", b"-inf", b"1e999", b"-1", b"0", b"9" * 40,
    b"null", b"{", b"]", b"[[[[[[", b'"', b",", b";", b"\n", b"\r\n", b"\\ud800", b"\xed\xa0\x80",
    b"../../x", b"/etc/passwd",
    b"%s", b"=", b"#",
]  # fmt: skip


@st.composite
def edits(draw: st.DrawFn, whole: bytes) -> bytes:
    """The bytes after one to six edits: a bit flipped, a piece cut, doubled or made something awkward."""
    data = bytearray(whole)
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(data)))
        piece = draw(st.integers(0, min(64, len(data) - start)))
        how = draw(st.sampled_from(["flip", "cut", "double", "end", "awkward", "any"]))
        if how == "flip" and start < len(data):
            data[start] ^= 1 << draw(st.integers(0, 7))
        elif how == "cut":
            del data[start : start + piece]
        elif how == "double":
            data[start:start] = data[start : start + piece]
        elif how == "end":
            del data[start:]
        elif how == "awkward":
            data[start : start + piece] = draw(st.sampled_from(AWKWARD))
        else:
            data[start : start + piece] = draw(st.binary(max_size=16))
    return bytes(data)


def values(words: list[str]) -> st.SearchStrategy[object]:
    """JSON values of any shape, in which these words turn up as keys and texts."""
    plain = st.one_of(
        st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), st.text(max_size=8), st.sampled_from(words)
    )
    keys = st.sampled_from(words) | st.text(max_size=4)
    return st.recursive(
        plain, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=5), max_leaves=20
    )
