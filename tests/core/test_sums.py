"""Running sums of windows."""

from stream_app.core.sums import Contents, RunningSum


def test_a_window_is_the_sum_of_its_buckets() -> None:
    total = RunningSum()
    total.move(range(1, 3), {0: {"a": {("x",): 9}}, 1: {"a": {("x",): 1}}, 2: {"a": {("x",): 2, ("y",): 5}}})
    assert total.totals == {"a": {("x",): 3, ("y",): 5}}
    assert total.changes == {"a": None}


def test_a_bucket_that_is_left_behind_is_subtracted() -> None:
    total = RunningSum()
    contents: dict[int, Contents] = {1: {"a": {("x",): 1}}, 2: {"b": {("x",): 2}}}
    total.move(range(1, 3), contents)
    total.move(range(2, 4), contents)
    assert {name: amounts for name, amounts in total.totals.items() if amounts} == {"b": {("x",): 2}}
    assert total.changes == {"a": {("x",): -1}}


def test_a_bucket_that_changed_replaces_what_it_held() -> None:
    total = RunningSum()
    contents: dict[int, Contents] = {1: {"a": {("x",): 1}}, 2: {"b": {("x",): 2}}}
    total.move(range(1, 3), contents)
    total.move(range(1, 3), contents)
    assert total.changes == {}
    total.move(range(1, 3), contents | {1: {"a": {("x",): 4}}})
    assert total.totals == {"a": {("x",): 4}, "b": {("x",): 2}}
    assert total.changes == {"a": {("x",): 3}}


def test_only_the_metrics_that_differ_in_a_bucket_have_changed() -> None:
    total = RunningSum()
    total.move(range(1), {0: {"a": {("x",): 1}, "b": {("x",): 2, ("y",): 3}}})
    total.move(range(1), {0: {"a": {("x",): 1}, "b": {("y",): 4}}})
    assert total.totals == {"a": {("x",): 1}, "b": {("y",): 4}}
    assert total.changes == {"b": {("x",): -2, ("y",): 1}}


def test_a_sum_of_zero_has_no_entry() -> None:
    total = RunningSum()
    total.move(range(2), {0: {"a": {("x",): 1}}, 1: {"a": {("x",): -1}}})
    assert total.totals == {"a": {}}
