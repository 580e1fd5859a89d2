"""The server around the pages, on public interfaces of Streamlit and Starlette."""
