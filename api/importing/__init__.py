"""The import of the past: an institution's register of releases, taken in as facts that nobody here decided.

    MAP.toml      -> mapping: which column says what, and what its words mean here
    REGISTER.csv  -> reading: rows, each of its cells, and what is wrong with those that cannot be taken
                  -> survey:  the whole register looked through, before anything is recorded
                  -> taking:  rows as facts, so many in a transaction

What is not in the register is not known: nothing in here makes up a date, a person or a form. Cells enter the log only
through a pattern or a table of the map; names of people and organisations are sealed.
"""
