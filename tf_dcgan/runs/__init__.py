"""The folder of a run: writes and reads what is in it.

Imports `config` and `common`. Read `runs` first: it creates, opens and
continues a run. Then each kind of file has its module: `checkpoints`, `logs`
(metrics.jsonl), `events` (TensorBoard), `charts` (curves.png), `summaries`
(writes all logs of a training), `evaluation_file`, and `health`, which judges
the logged scalars.
"""
