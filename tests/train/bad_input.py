"""Mistakes with the verbs `train` and `export`, and what the one line about each must say."""

ROWS: list[tuple[list[str], str]] = [
    (["train"], "Missing argument 'config'"),
    (["train", "nano-base-1"], "Missing option '--out'"),
    (["train", "nano-base1", "--out", "{here}/run"], "no such config; did you mean 'nano-base-1'?"),
    (["train", "{here}/mine.toml", "--out", "{here}/run"], "mine.toml: no such file"),
    (["train", "{here}/file.txt", "--out", "{here}/run"], "not valid TOML"),
    (["train", "nano-demo", "--out", "{here}/run"], "--data is missing"),
    (["train", "nano-demo", "--data", "{here}/nothing", "--out", "{here}/run"], "nothing: no such folder"),
    (["train", "nano-demo", "--data", "{here}", "--out", "{here}/run"], "has no manifest.json"),
    (["train", "nano-base-1", "--data", "{here}", "--out", "{here}/run"], "this recipe makes its own data"),
    (["train", "nano-base-1", "--out", "{here}"], "the run folder is not empty; name another"),
    (["train", "nano-base-1", "--out", "{here}/run", "--resume"], "nothing to resume here"),
    (["train", "nano-base-1", "--out", "{here}/run", "--epochs", "3"], "No such option: --epochs"),
    (["export", "{here}/nothing.pt", "--out", "{here}/a.pt"], "nothing.pt: no such file"),
    (["export", "nano-random:1", "--to", "onx", "--out", "{here}/a.pt"], "'onx' is not"),
    (["export", "nano-random:1", "--to", "transformers", "--out", "{here}/hf"], "whose memory is 32 wide"),
    (["export", "nano-random:1", "--to", "onnx", "--out", "{here}"], "was not exported by heroprop"),
    (["export", "nano-random:1", "--model", "nanoo", "--out", "{here}/a.pt"], "nano"),
    (["export", "nano-random:one", "--out", "{here}/a.pt"], "the seed after the colon must be a whole number"),
]
