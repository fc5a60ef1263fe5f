from copy import deepcopy

from serve.illustrate import illustrate


def _ref(name):
    return {"$ref": f"#/components/schemas/{name}"}


def _illustrated(**schemas):
    found = deepcopy(schemas)
    illustrate(found)
    return {name: schema.get("examples") for name, schema in found.items()}


def test_parts_get_their_share_of_the_whole_down_to_the_last():
    assert _illustrated(
        Whole={"examples": [{"part": {"last": [1, 2]}}], "properties": {"part": _ref("Part")}},
        Part={"properties": {"last": {"type": "array", "items": _ref("Last")}}},
        Last={"type": "integer"},
    ) == {"Whole": [{"part": {"last": [1, 2]}}], "Part": [{"last": [1, 2]}], "Last": [1]}


def test_own_example_comes_first():
    assert _illustrated(
        Whole={"examples": [{"part": 1}], "properties": {"part": _ref("Part")}}, Part={"examples": [7]}
    ) == {"Whole": [{"part": 1}], "Part": [7]}


def test_keys_and_values_of_a_table_are_parts():
    table = {"propertyNames": _ref("Label"), "additionalProperties": _ref("Score")}
    assert _illustrated(
        Whole={"examples": [{"scores": {"b": 0.5}}], "properties": {"scores": table}},
        Label={"enum": ["a", "b"]},
        Score={"type": "number"},
    ) == {"Whole": [{"scores": {"b": 0.5}}], "Label": ["b"], "Score": [0.5]}


def test_of_several_shapes_the_one_that_the_example_has_is_illustrated():
    options = {"anyOf": [_ref("Good"), _ref("Bad"), {"type": "null"}]}
    assert _illustrated(
        Whole={"examples": [[{"error": 1}, None]], "items": options},
        Good={"required": ["answer"], "properties": {"answer": {}}},
        Bad={"required": ["error"], "properties": {"error": {}}},
    ) == {"Whole": [[{"error": 1}, None]], "Good": None, "Bad": [{"error": 1}]}


def test_list_of_words_that_stands_alone_gets_its_first():
    assert _illustrated(Urgency={"enum": ["live", "bulk"]}) == {"Urgency": ["live"]}
