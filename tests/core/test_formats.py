"""Files and texts of other programs: what they write is read here, and what is written here they read."""

import io
import json

import numpy as np
import pytest

import mlpcore as mlp
from mlpcore.exchange import notebook, read_matrix, to_csv

SHEET = mlp.EXAMPLES["worksheet"].setup
X = np.array([[0.5, -1.25e-7, 3.0], [1e6, 0.1, -2.0]])


def list_pandas_texts():
    frame = pytest.importorskip("pandas").DataFrame(X, columns=["a", "b", "c"])
    yield "CSV", frame.to_csv()
    yield "CSV without names", frame.to_csv(index=False, header=False)
    yield "CSV with decimal commas", frame.to_csv(sep=";", decimal=",", index=False)
    yield "for a spreadsheet", frame.to_csv(sep="\t", decimal=",", index=False)
    yield "LaTeX", frame.to_latex(float_format="%.17g")
    yield "LaTeX with numbered columns", frame.set_axis(range(3), axis=1).to_latex(float_format="%.17g")
    yield "our frame", mlp.frames.matrix(X).to_csv()
    yield "printed", frame.to_string(float_format="%.17g")


def test_what_pandas_writes_is_read():
    for how, text in list_pandas_texts():
        assert np.array_equal(read_matrix(text), X), f"{how}:\n{text}"


def test_pandas_reads_our_csv():
    pandas = pytest.importorskip("pandas")
    assert np.array_equal(pandas.read_csv(io.StringIO(to_csv(X)), header=None), X)


@pytest.mark.nightly
def test_jupyter_computes_the_outputs_that_the_notebook_comes_with():
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    text = notebook(SHEET, *SHEET.run())
    book = nbformat.reads(text, as_version=4)
    nbformat.validate(book)
    nbclient.NotebookClient(book, timeout=120).execute()
    ours = [cell.get("outputs") for cell in json.loads(text)["cells"]]
    theirs = [[dict(output) for output in cell.outputs] if "outputs" in cell else None for cell in book.cells]
    assert theirs == ours
    assert sum(map(bool, ours)) == len(SHEET.run()[0])
