"""The app without a server: a folder of files in which Streamlit runs inside the visitor's browser, on Pyodide."""
