"""`python -m api.chat.tools.semantic`: write semantic.md from the yml files of the marts."""

from api.chat.tools.semantic.document import FILE, generate_document

if __name__ == "__main__":
    FILE.write_text(generate_document(), "utf-8")
