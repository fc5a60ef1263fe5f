import pytest

from serve.security.caller import ANYONE, Caller, Role


@pytest.mark.parametrize(
    ("role", "included"),
    [
        (Role.CLASSIFY, [Role.CLASSIFY]),
        (Role.MODERATE, [Role.CLASSIFY, Role.MODERATE]),
        (Role.ADMIN, [Role.CLASSIFY, Role.MODERATE, Role.ADMIN]),
    ],
)
def test_each_role_includes_the_ones_before_it(role, included):
    assert [other for other in Role if role.includes(other)] == included


def test_anyone_on_this_machine_may_do_all_and_has_no_key():
    assert Caller("anyone on this machine", Role.ADMIN, None) == ANYONE
