"""Where what was read goes: turned, as classes, with labels, several at once."""

from dataclasses import replace

import numpy as np
import pytest

import mlpcore as mlp
from mlpcore import exchange
from mlpcore.exchange import decode_text, list_placements, list_readings, place_labelled, place_named, read_labelled

SHEET = mlp.EXAMPLES["worksheet"].setup
CLASSES = mlp.EXAMPLES["three classes"].setup


def ways(setup, var, text):
    return list_placements(setup, var, list_readings(text))


@pytest.mark.parametrize(
    ("text", "labels"),
    [("0 2 1 1 0", [0, 2, 1, 1, 0]), ("1\n3\n2\n2\n1", [0, 2, 1, 1, 0]), ("0,2,1,1,0", [0, 2, 1, 1, 0])],
)
@pytest.mark.parametrize("layout", mlp.LAYOUTS)
def test_class_numbers_pasted_into_Y_become_one_hot(text, labels, layout):
    setup = replace(CLASSES, conventions=mlp.Conventions(layout))
    first = ways(setup, mlp.Y, text)[0]
    assert "one-hot, classes counted from" in first.title
    assert np.array_equal(first.apply(setup).batch.Y, np.eye(3)[:, labels])


def test_numbers_that_may_count_from_0_or_1_are_asked():
    titles = [way.title for way in ways(CLASSES, mlp.Y, "1 2 1 1 2")]
    assert [title[-1] for title in titles] == ["1", "0"]


@pytest.mark.parametrize("layout", mlp.LAYOUTS)
def test_a_matrix_that_fits_only_transposed_is_offered_transposed_first(layout):
    setup = replace(SHEET, conventions=mlp.Conventions(layout))
    X = np.arange(12.0).reshape(6, 2)
    x = X if not setup.conventions.lay.transposes(mlp.Z(0)) else X.T
    text = "\n".join(" ".join(map(str, row)) for row in x)
    first, second = ways(setup, mlp.Z(0), text)
    lie = "rows" if x is X else "columns"
    assert f"transposed: looks like examples in {lie}" in first.title
    assert np.array_equal(first.apply(setup).batch.X, X.T)
    assert "transposed" not in second.title


def test_both_readings_are_offered_and_the_size_decides_which_comes_first():
    text = "1,2\n3,4\n5,6"
    assert np.array_equal(ways(SHEET, mlp.W(1), text)[0].values[mlp.W(1)], [[1, 2], [3, 4], [5, 6]])
    assert np.array_equal(ways(mlp.EXAMPLES["xor"].setup, mlp.b(1), "1,5\n2,5")[0].values[mlp.b(1)], [[1.5], [2.5]])


@pytest.mark.parametrize("layout", mlp.LAYOUTS)
def test_a_table_with_a_column_of_labels_becomes_X_and_Y(layout):
    setup = replace(SHEET, conventions=mlp.Conventions(layout))
    table = read_labelled("sepal,petal,species\n5.1,1.4,setosa\n7.0,4.7,versicolor\n6.3,6.0,virginica\n4.9,1.4,setosa")
    placement = place_labelled(setup, table)
    new = placement.apply(setup)
    assert np.array_equal(new.batch.X, [[5.1, 7.0, 6.3, 4.9], [1.4, 4.7, 6.0, 1.4]])
    assert np.array_equal(new.batch.Y, np.eye(3)[:, [0, 1, 2, 0]])
    assert "setosa = 1, versicolor = 2, virginica = 3" in placement.title


@pytest.mark.parametrize("text", ["1,2\n3,4", "a,b\n1,2", ",a,b\n0,1,2", "1 2\n3 x4", "x"])
def test_a_table_without_labels_is_none(text):
    assert read_labelled(text) is None


def test_several_named_matrices_fill_their_places():
    text = "W1 = [1 2; 3 4]; b1 = [1; 2]; W2 = [1 2]; X = [1 2 3; 4 5 6]; Y = [0 1 1]"
    new = place_named(SHEET, exchange.read_named(text)).apply(SHEET)
    assert new.net.widths == (2, 2, 1)
    assert new.net[1].b.tolist() == [1, 2]
    assert new.batch.X.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert new.net.shape.activations == SHEET.net.shape.activations


@pytest.mark.parametrize("name", mlp.EXAMPLES)
def test_what_is_not_replaced_stays(name):
    setup = mlp.EXAMPLES[name].setup
    for var, x in setup.inputs().items():
        placed = exchange.place(setup, {var: x})
        assert [layer.dropout for layer in placed.net.layers] == [layer.dropout for layer in setup.net.layers]
        for other, value in setup.inputs().items():
            np.testing.assert_array_equal(placed.inputs()[other], value)
    more = np.hstack([setup.inputs()[mlp.Z(0)]] * 2)
    wider = exchange.place(setup, {mlp.Z(0): more})
    for parameter, value in setup.net.parameters():
        np.testing.assert_array_equal(wider.inputs()[parameter], value)


def test_weights_of_more_layers_make_the_network_deeper_and_fewer_leave_the_others():
    deep = place_named(SHEET, exchange.read_named("W1=[1 2; 3 4]; W2=[1 2; 3 4]; W3=[5 6]")).apply(SHEET)
    assert deep.net.widths == (2, 2, 2, 1)
    one = place_named(SHEET, exchange.read_named("W1=[1 2; 3 4]")).apply(SHEET)
    assert one.net.widths == (2, 2, 1)
    assert one.net[2].W.tolist() == [[0.02, 0.03]]


@pytest.mark.parametrize("layout", mlp.LAYOUTS)
def test_matrices_that_lie_another_way_are_refused_with_the_way_that_fits(layout):
    text = "W1 = [1 2; 3 4; 5 6]; W2 = [1 2 3; 4 5 6]; X = [1 2 3 4 5; 6 7 8 9 0]"  # examples are columns
    found = exchange.read_named(text)
    here = replace(SHEET, conventions=mlp.Conventions(layout))
    if layout == "columns":
        assert place_named(here, found).apply(here).net.widths == (2, 3, 2)
    else:
        with pytest.raises(ValueError, match="do not fit each other, unless examples are columns: see Conventions"):
            place_named(here, found).apply(here)


def test_what_does_not_fit_each_other_is_refused_by_name():
    with pytest.raises(ValueError, match=r"^W_1 2×2 and W_2 1×3 do not fit each other$"):
        place_named(SHEET, exchange.read_named("W1=[1 2; 3 4]; W2=[1 2 3]")).apply(SHEET)
    with pytest.raises(ValueError, match="W_3 is missing"):
        place_named(SHEET, exchange.read_named("W1=[1 2; 3 4]; W4=[1 2 3]")).apply(SHEET)


def test_class_numbers_by_name_become_one_hot_where_the_loss_needs_it():
    new = place_named(CLASSES, exchange.read_named("Y = [0 2 1 1 0]")).apply(CLASSES)
    assert np.array_equal(new.batch.Y, np.eye(3)[:, [0, 2, 1, 1, 0]])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_files_of_every_usual_encoding_open(encoding):
    text = "größe;b\r\n0,5;1\r\n"
    assert decode_text(text.encode(encoding)) == text


def test_a_file_that_is_no_text_is_refused():
    with pytest.raises(ValueError, match="not text"):
        decode_text(b"\x89PNG\r\n\x1a\n" + bytes(50))
