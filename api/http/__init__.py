"""The HTTP API: questions and commands for people and programs that have proved who they are.

    table, route            every route once: who may take it, what it reads, what it answers
    app                     the factory, which makes a Flask application of the table and the parts that it is handed
    callers, rates          who is asking, and how often they may
    reading_in, moments     strict JSON, documents, parameters; what is wrong with them, by JSON pointer
    commanding, packets, releasing, checking, authzen               what the routes do that take something
    asking, entries, listing, holdings, after, governing, evidence  and those that answer a question
    shapes, lists, office_lists, rendering                          what is answered, as JSON, NDJSON or CSV
    problems                every error as an RFC 9457 document
    document                OpenAPI 3.1, from the same table
    gateway, patience       the application behind the server, which waits for nobody for long
    worker, logs, monitor   what the server's processes start with, and what they tell

Nothing in here decides, and nothing happens at import. It reads input, calls the clerk or a view, shows the outcome.
"""
