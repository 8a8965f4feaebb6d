"""Integers off the wire, kept within what a column of a read model can hold."""

INT32_MAX = 2**31 - 1
INT64_MAX = 2**63 - 1


def int32(value: int) -> int:
    """`value`, at most 2³¹-1 either way: the schemas set no bound, and no charger has that many connectors.

    A larger number is nonsense that must not stop a read model; the frame holds what was sent.
    """
    return max(-INT32_MAX - 1, min(INT32_MAX, value))


def int64(value: int) -> int:
    """`value`, at most 2⁶³-1 either way; chargers are seen to send exactly that as transactionId."""
    return max(-INT64_MAX - 1, min(INT64_MAX, value))
