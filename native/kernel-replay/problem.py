class Problem(Exception):
    """What the caller may be told, as one clause; `kind` says which part of the request it is about."""

    def __init__(self, kind, text):
        super().__init__(text)
        self.kind = kind
        self.text = text
