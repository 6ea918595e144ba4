"""The crate's errors as exceptions."""


class Error(Exception):
    """Why something could not be done: what was wrong, where, and what to do."""


class IoError(Error, OSError):
    """The operating system refused something."""


class MalformedInputError(Error, ValueError):
    """Input could not be understood."""


class IncompatibleIndexError(Error, ValueError):
    """An index is damaged, of another version, or made with other settings."""


class SettingsError(Error, ValueError):
    """The settings cannot be followed."""
