"""The folder of a run: what is in it, written and read.

Imports `config` and `common`. Read `runs` first: it creates, opens and
continues a run. Then each kind of file has its module: `checkpoints`, `logs`
(metrics.jsonl), `events` (TensorBoard), `charts` (curves.png), `summaries`
(all that a training leaves), `evaluation_file`, and `health`, which judges the
logged scalars.
"""
