"""Events once more, by columns: what questions about very many of them are read from.

A block holds the events of a stretch of ids, which are complete long since. It is made beside the
requests, so that the way in pays nothing for it, and is thrown away with any of its events that is
removed. What no block holds is read from the events themselves: an answer is the same with every
block, with some and with none.
"""
