"""The tree of errors."""

import builtins

import pytest

from symgrad import errors

CLASSES = [getattr(errors, name) for name in errors.__all__]


@pytest.mark.parametrize("error", CLASSES)
def test_each_derives_from_the_root_or_is_a_warning(error):
    assert issubclass(error, (errors.SymgradError, Warning))
    assert error.__doc__.endswith(".")


def test_each_is_public():
    defined = {name for name, value in vars(errors).items() if isinstance(value, type)}
    assert defined == set(errors.__all__)
    assert not defined & set(vars(builtins))


@pytest.mark.parametrize(
    ("error", "caught_as"),
    [
        (errors.OptionError, errors.ArgumentError),
        (errors.MissingFileError, errors.ArgumentError),
        (errors.ArgumentError, errors.HyperparameterError),
        (errors.HyperparameterError, ValueError),
        (errors.MissingFileError, FileNotFoundError),
        (errors.IndexOutOfRangeError, IndexError),
        (errors.NotSharedError, TypeError),
        (errors.NotFiniteError, ArithmeticError),
        (errors.CheckpointError, ValueError),
    ],
)
def test_what_catches_it(error, caught_as):
    with pytest.raises(caught_as, match="what was given"):
        raise error("what was given, why it is wrong, what to write instead")
