"""The HTTP API: questions and commands for people and programs that have proved who they are.

    table        every route once: who may take it, what it reads, what it answers
    app          the factory, which makes a Flask application of the table and the parts that it is handed
    callers      who is asking
    reading_in   strict JSON, documents, parameters; what is wrong with them, by JSON pointer
    problems     every error as an RFC 9457 document
    commanding, asking, authzen     what the routes do
    document     OpenAPI 3.1, from the same table

Nothing in here decides, and nothing happens at import. It reads input, calls the clerk or a view, shows the outcome.
"""
