"""Mistakes that users make with `evaluate`, `track` and `export`, and what each must answer.

`CASES` is a list of (arguments after `heroprop`, a part of the one-line error). Words in braces stand for real things
that the caller makes: `{data}` a dataset, `{video}` a video of 160 x 120, `{folder}` a folder of pictures of that size,
`{text}` a text file, `{mask}` an all-black mask, `{small}` a mask of another size, `{full}` a folder with a file in it,
`{new}` a path that does not exist yet.
"""

from __future__ import annotations

_TRACK = ["track", "{video}", "--checkpoint", "nano-random:0", "--out", "{new}"]

CASES: list[tuple[list[str], str]] = [
    (["evaluate", "--data", "{new}", "--checkpoint", "nano-random:0"], "no such folder; give a dataset"),
    (["evaluate", "--data", "{folder}", "--checkpoint", "nano-random:0"], "has no manifest.json"),
    (["evaluate", "--data", "{data}", "--checkpoint", "nano-bse"], "checkpoint 'nano-bse': no such file or run"),
    (["evaluate", "--data", "{data}", "--checkpoint", "nano-random:x"], "must be a whole number"),
    (["evaluate", "--data", "{data}", "--checkpoint", "{text}"], "not an official SAM 2 .pt file"),
    (
        ["evaluate", "--data", "{data}", "--checkpoint", "nano-random:0", "--checkpoint", "nano-random:0"],
        "'nano-random:0' is given twice",
    ),
    (["evaluate", "--data", "{data}", "--checkpoint", "nano-random:0", "--split", "tset"], "did you mean 'test'?"),
    (["evaluate", "--data", "{data}", "--checkpoint", "nano-random:0", "--split", "val"], "split 'val' has no clips"),
    (["evaluate", "--data", "{data}", "--checkpoint", "nano-random:0", "--prompt", "boxes"], "did you mean 'box'?"),
    (["evaluate", "--data", "{data}", "--checkpoint", "nano-random:0", "--out", "{full}"], "holds other files"),
    (["evaluate", "--data", "{data}", "--checkpoint", "nano-random:0", "--out", "{text}"], "is a file"),
    (["evaluate", "--data", "{data}", "--checkpoint", "nano-random:0", "--device", "gpu"], "unknown; give cpu or cuda"),
    (
        ["track", "{new}", "--checkpoint", "nano-random:0", "--out", "{new}", "--point", "5,5"],
        "no such video or folder",
    ),
    (["track", "{text}", "--checkpoint", "nano-random:0", "--out", "{new}", "--point", "5,5"], "not a video"),
    (["track", "{full}", "--checkpoint", "nano-random:0", "--out", "{new}", "--point", "5,5"], "no pictures here"),
    (
        ["track", "{mask}", "--checkpoint", "nano-random:0", "--out", "{new}", "--point", "5,5"],
        "one picture, not a video",
    ),
    (_TRACK, "no prompt: say what to track"),
    ([*_TRACK, "--point", "500,20"], "point 500,20 lies outside the frame; the frame is 160x120"),
    ([*_TRACK, "--point", "five,20"], "point 'five,20': not numbers"),
    ([*_TRACK, "--point", "5"], "point '5': give X,Y"),
    ([*_TRACK, "--point", "5,5,2"], "the third number is 1 (on the object) or 0 (off it)"),
    ([*_TRACK, "--point", "5,5,0"], "only negative points"),
    ([*_TRACK, "--point", "nan,5"], "point 'nan,5': give X,Y"),
    ([*_TRACK, "--box", "10,10,200,50"], "box 10,10,200,50 reaches outside the frame; the frame is 160x120"),
    ([*_TRACK, "--box", "50,10,20,40"], "box 50,10,20,40 is empty"),
    ([*_TRACK, "--box", "1,2,3"], "box '1,2,3': give X0,Y0,X1,Y1"),
    ([*_TRACK, "--mask", "{mask}"], "is empty; mark at least one pixel"),
    ([*_TRACK, "--mask", "{small}"], "is 80x60, but the frame is 160x120"),
    ([*_TRACK, "--mask", "{new}"], "no such mask"),
    ([*_TRACK, "--mask", "{text}"], "not a readable picture"),
    ([*_TRACK, "--mask", "{small}", "--point", "5,5"], "not both"),
    ([*_TRACK, "--point", "5,5", "--frame", "999"], "is on frame 999"),
    (
        ["track", "{video}", "--checkpoint", "nano-random:0", "--out", "{full}", "--point", "5,5"],
        "exists and is not an empty folder",
    ),
    (["track", "{video}", "--checkpoint", "{new}", "--out", "{new}", "--point", "5,5"], "no such file or run"),
    (["export", "{new}", "--to", "sam2", "--out", "{new}.pt"], "no such file or run"),
    (["export", "{full}", "--to", "sam2", "--out", "{new}.pt"], "no such file"),
    (["export", "nano-random:0", "--to", "sam2", "--out", "{new}"], "is a .pt file"),
    (["export", "nano-random:0", "--to", "sam2", "--out", "{taken}.pt"], "was not exported by heroprop"),
    (["export", "nano-random:0", "--to", "onnx", "--out", "{new}.pt"], "'onnx' is not"),
]
