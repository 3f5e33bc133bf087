"""A run's generator as files that others load without this package.

Imports what `sampling` imports. Read `formats` first, which says what is
known of each format; then `export`, which fills a folder with files and
compares each with the generator. `interface` says what goes into a network and
what comes out; `keras_formats`, `onnx_format` and `litert_format` write and
load one format each; `agreement` compares; `description` and `model_card` tell
a stranger what the files are; `folder_files` names what lies beside them. A
run's end writes `saved_model/` and `generator.keras` by `keras_formats` alone.
"""
