"""How far each request has come on a day, for questions to the views: as `stage_on` says it of a standing."""

STAGES = """
    used AS (
        SELECT
            r.*,
            r.ended IS NOT NULL AND r.ended <= :day AS has_ended,
            COALESCE(u.position, r.since) AS since_then,
            u.position AS used,
            u.at AS used_at
        FROM requests AS r
        LEFT JOIN accesses AS u ON r.state = 'received' AND u.position = (
            SELECT a.position FROM accesses AS a
            WHERE a.request = r.request AND a.position > r.since AND a.how <> 'refused'
                AND a.position NOT IN (SELECT position FROM undone)
            ORDER BY a.position
            LIMIT 1
        )
    ),
    requests_now AS (
        SELECT
            request, researcher, last, last_at,
            CASE
                WHEN has_ended AND attested THEN 'destruction attested'
                WHEN has_ended THEN 'ended'
                WHEN used THEN 'in use'
                ELSE state
            END AS state,
            CASE WHEN has_ended AND attested > since_then THEN attested ELSE since_then END AS since,
            CASE
                WHEN has_ended AND attested > since_then THEN attested_at
                ELSE COALESCE(used_at, since_at)
            END AS since_at
        FROM used
    )
"""
