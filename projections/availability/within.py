"""The changes of a port within a span, as SQL: the one that holds at its begin, and those after it.

Two branches of a union, since each is one descent of the key; a planner that is left the choice joins every
change with every span.
"""


def changes_within(charger: str, evse_id: str, begin: str, end: str, *, tenant: str, position: str) -> str:
    """A subquery for a lateral join; the arguments are expressions of the query around it."""
    where = f"c.tenant = {tenant} AND c.charger = {charger} AND c.evse_id = {evse_id} AND c.position <= {position}"
    return f"""(
   (SELECT c.* FROM ocpp_connector_states c WHERE {where} AND c.since <= {begin}
     ORDER BY c.since DESC, c.position DESC LIMIT 1)
   UNION ALL
   (SELECT c.* FROM ocpp_connector_states c WHERE {where} AND c.since > {begin} AND c.since < {end} OFFSET 0)
 )"""  # noqa: S608 - our own words
