"""Where weights come from (a run, a file, the hub, this package) and how they are loaded: strictly, or not at all."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from render.document import UserError, nearest_path, write_atomic

from . import hub
from .build import MODELS, build_train, model_name
from .digest import sha256

BUNDLED = Path(__file__).parent.parent / "weights"
"""Weights that come with heroprop: `nano-base.safetensors`."""

BEST = "best.safetensors"
"""The weights that a run folder stands for."""
HUB = "hub:"
"""What the name of a file on the hub begins with."""


@dataclass(frozen=True)
class Loaded:
    """Weights and where they came from. `state` is on the CPU, in float32 wherever it holds floats."""

    name: str
    source: str
    sha256: str
    state: dict[str, Tensor]


def resolve(checkpoint: str, model: str | None = None) -> Loaded:
    """Find and read weights.

    `checkpoint` is a run folder (its best weights), a `.safetensors` file of ours, an official `.pt` file, a hub id
    (`facebook/sam2-hiera-tiny`, or the model's bare name), `hub:OWNER/REPOSITORY/FILE` (anybody's file of these kinds),
    `nano-base` (comes with heroprop) or `nano-random:SEED` (untrained). `model` names the model where the file itself
    does not say. UserError if it can't be found or read.
    """
    loaded = _find(checkpoint, model)
    if model is not None and loaded.name != model_name(model):
        raise UserError(f"{checkpoint}: holds a {loaded.name}, not a {model_name(model)}")
    return loaded


def _find(checkpoint: str, model: str | None) -> Loaded:
    if checkpoint == "nano-base":
        return _read_file(BUNDLED / "nano-base.safetensors", model)
    if checkpoint.startswith("nano-random:"):
        return _untrained(checkpoint)
    if checkpoint.startswith(HUB):
        return _from_hub(checkpoint, model)
    path = Path(checkpoint)
    if path.is_dir():
        if not (path / BEST).is_file():
            raise UserError(f"{path}: has no {BEST}; is it a run of 'heroprop train' that has come to a validation?")
        return _read_file(path / BEST, model)
    if path.suffix in (".safetensors", ".pt", ".pth") or path.exists():
        return _read_file(path, model)
    short = checkpoint.removeprefix("facebook/")
    if short in MODELS and short != "nano":
        return _read_official(hub.download(short), short, f"hub:facebook/{short}")
    raise UserError(
        f"checkpoint '{checkpoint}': no such file or run{nearest_path(path)}; "
        f"else give a hub id such as facebook/sam2.1-hiera-tiny, or nano-base, or nano-random:SEED"
    )


def _from_hub(checkpoint: str, model: str | None) -> Loaded:
    owner, _, rest = checkpoint.removeprefix(HUB).partition("/")
    repository, _, file = rest.partition("/")
    if not (owner and repository and Path(file).suffix in (".safetensors", ".pt")):
        raise UserError(f"checkpoint '{checkpoint}': give {HUB}OWNER/REPOSITORY/FILE, a .safetensors or .pt file")
    loaded = _read_file(hub.fetch(f"{owner}/{repository}", file), model)
    return replace(loaded, source=checkpoint)


def load_weights(model: torch.nn.Module, loaded: Loaded) -> None:
    """Load strictly; UserError naming missing, unexpected and wrongly shaped keys if they are another model's."""
    wanted, given = model.state_dict(), loaded.state
    missing = [key for key in wanted if key not in given]
    unexpected = [key for key in given if key not in wanted]
    shapes = [
        f"{key} is {tuple(given[key].shape)}, not {tuple(wanted[key].shape)}"
        for key in wanted
        if key in given and given[key].shape != wanted[key].shape
    ]
    problems = [
        f"{len(keys)} {what} ({', '.join(keys[:3])}{', ...' if len(keys) > 3 else ''})"
        for what, keys in (("missing", missing), ("unexpected", unexpected), ("of another shape", shapes))
        if keys
    ]
    if problems:
        raise UserError(f"{loaded.source}: not the weights of this {loaded.name} model: {'; '.join(problems)}")
    model.load_state_dict(given, strict=True)


def save_weights(path: Path, state: dict[str, Tensor], metadata: dict[str, str]) -> None:
    """Write a `.safetensors` of ours, atomically; `metadata` must name the `model`."""
    model_name(metadata["model"])
    write_atomic(path, save({key: value.detach().cpu().contiguous() for key, value in state.items()}, metadata))


def _untrained(checkpoint: str) -> Loaded:
    seed = checkpoint.removeprefix("nano-random:")
    if not seed.isdecimal():
        raise UserError(f"checkpoint '{checkpoint}': the seed after the colon must be a whole number")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(seed))
        state = build_train("nano").state_dict()
    _favour_memory(state)
    digest = hashlib.sha256(b"".join(state[key].numpy().tobytes() for key in sorted(state))).hexdigest()
    return Loaded("nano", checkpoint, digest, dict(state))


def _favour_memory(state: dict[str, Tensor]) -> None:
    """Start a model that knows nothing with its eyes on its memory, in place.

    With torch's own starting values the mask in the memory moves the features by 2 %, and what the attention reads has
    no place: training from nothing then hangs at "segment whatever stands out". So the mask's way into the features is
    amplified (to 17 %), and query and key get equal biases, which RoPE turns into a first look at one's own place.
    """
    for key, value in state.items():
        if key.startswith("memory_encoder.mask_downsampler.encoder.12."):
            value.mul_(4)
        if "cross_attn_image" in key and key.startswith("memory_attention"):
            if key.endswith(("q_proj.bias", "k_proj.bias")):
                value.fill_(1.2)
            elif key.endswith(("v_proj.weight", "out_proj.weight")):
                value.mul_(2.5)


def _read_file(path: Path, model: str | None) -> Loaded:
    if not path.is_file():
        raise UserError(f"{path}: no such file{nearest_path(path)}")
    return _read_ours(path, model) if path.suffix == ".safetensors" else _read_official(path, model, str(path))


def _read_ours(path: Path, model: str | None) -> Loaded:
    try:
        with safe_open(path, "pt") as file:
            named = (file.metadata() or {}).get("model")
            state = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise UserError(f"{path}: not a readable .safetensors file: {error}") from None
    return Loaded(_which(path, named, model), str(path), sha256(path), _as_float32(state))


def _read_official(path: Path, model: str | None, source: str) -> Loaded:
    try:
        document: Any = torch.load(path, map_location="cpu", weights_only=True)
        state = document["model"]
        if not all(isinstance(value, Tensor) for value in state.values()):
            raise TypeError("`model` holds things that are not tensors")
    except Exception as error:  # torch.load raises nearly anything for a damaged or hostile file
        # torch's own words speak of pickles, and advise to read them in a way that runs what is in them
        reason = f": {error.strerror}" if isinstance(error, OSError) and error.strerror else ""
        told = f"{path}: not an official SAM 2 .pt file, which holds {{'model': tensors}} and nothing else{reason}"
        raise UserError(told) from None
    digest = sha256(path)
    official = {published: name for name, published in hub.PUBLISHED.items()}
    return Loaded(_which(path, official.get(digest), model), source, digest, _as_float32(state))


def _which(path: Path, named: str | None, asked: str | None) -> str:
    """The model that a file is for: what the file says, else what was asked for."""
    if named is None and asked is None:
        raise UserError(
            f"{path}: the file does not say which model it is for; name the model (one of {', '.join(MODELS)})"
        )
    return model_name(named or asked or "")


def _as_float32(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {key: value.float() if value.is_floating_point() else value for key, value in state.items()}
