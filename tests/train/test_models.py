"""Building, loading strictly, and the official builder with our nano config."""

from pathlib import Path
from typing import Any

import pytest
import torch

from render.document import UserError
from train.models import (
    MODELS,
    Loaded,
    build_train,
    build_video,
    image_size,
    load_weights,
    model_name,
    official_config,
    resolve,
    save_weights,
)

torch.set_num_threads(1)


def untrained() -> Loaded:
    return resolve("nano-random:3")


def test_random_weights_are_the_same_every_time_and_leave_the_global_stream_alone() -> None:
    before = torch.get_rng_state()
    first, second, other = untrained(), untrained(), resolve("nano-random:4")
    assert torch.equal(before, torch.get_rng_state())
    assert first.sha256 == second.sha256 != other.sha256


def test_train_and_video_models_share_their_weights() -> None:
    loaded = untrained()
    for model in (build_train("nano"), build_video("nano")):
        load_weights(model, loaded)
        assert all(torch.equal(value, loaded.state[key]) for key, value in model.state_dict().items())


def test_nano_fits_its_place_in_the_repository() -> None:
    state = untrained().state
    assert sum(value.numel() * 2 for value in state.values()) < 9.5e6
    assert image_size("nano") == 128
    assert image_size("sam2.1-hiera-tiny") == 1024


def officially_built(weights: str | None) -> Any:
    """Nano as sam2's own builder makes it from our config."""
    from hydra import initialize_config_dir
    from hydra.core.global_hydra import GlobalHydra
    from sam2.build_sam import build_sam2_video_predictor

    config, folder = official_config("nano")
    hydra = GlobalHydra.instance()
    before = hydra.hydra
    hydra.clear()
    try:
        with initialize_config_dir(str(folder), version_base=None):
            return build_sam2_video_predictor(config, weights, device="cpu")
    finally:
        hydra.hydra = before


def test_the_official_builder_loads_nano_strictly(tmp_path: Path) -> None:
    loaded = untrained()
    torch.save({"model": loaded.state}, tmp_path / "nano.pt")
    official = officially_built(str(tmp_path / "nano.pt"))
    assert all(torch.equal(value, loaded.state[key]) for key, value in official.state_dict().items())


def test_our_predictor_has_the_official_settings() -> None:
    official = officially_built(None)
    ours = build_video("nano")
    skip = {"fill_hole_area"}
    for name, value in vars(official).items():
        if isinstance(value, bool | int | float | dict | None) and not name.startswith("_") and name not in skip:
            assert vars(ours)[name] == value, name


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(MODELS) - {"nano"}))
def test_every_official_size_builds_and_its_config_is_sam2s_own(name: str) -> None:
    model = build_video(name)
    assert sum(parameter.numel() for parameter in model.parameters()) > 30e6


def test_a_checkpoint_of_another_model_is_refused_with_its_keys(tmp_path: Path) -> None:
    loaded = untrained()
    state = dict(loaded.state)
    state.pop("maskmem_tpos_enc")
    state["no_obj_ptr"] = torch.zeros(1, 64)
    state["extra.weight"] = torch.zeros(1)
    with pytest.raises(UserError) as error:
        load_weights(build_train("nano"), Loaded("nano", "x.safetensors", "", state))
    line = str(error.value)
    assert "1 missing (maskmem_tpos_enc)" in line
    assert "1 unexpected (extra.weight)" in line
    assert "no_obj_ptr is (1, 64), not (1, 128)" in line
    assert "\n" not in line


def test_our_files_remember_their_model(tmp_path: Path) -> None:
    loaded = untrained()
    half = {key: value.bfloat16() for key, value in loaded.state.items()}
    save_weights(tmp_path / "half.safetensors", half, {"model": "nano"})
    again = resolve(str(tmp_path / "half.safetensors"))
    assert again.name == "nano"
    assert all(value.dtype == torch.float32 for value in again.state.values())
    assert all(torch.equal(again.state[key], value.float()) for key, value in half.items())
    with pytest.raises(UserError, match="holds a nano, not a sam2-hiera-tiny"):
        resolve(str(tmp_path / "half.safetensors"), "sam2-hiera-tiny")


def test_official_files_load_without_running_code(tmp_path: Path) -> None:
    loaded = untrained()
    torch.save({"model": loaded.state}, tmp_path / "mine.pt")
    assert resolve(str(tmp_path / "mine.pt"), "nano").state.keys() == loaded.state.keys()
    with pytest.raises(UserError, match="does not say which model"):
        resolve(str(tmp_path / "mine.pt"))
    torch.save({"model": {"weight": print}}, tmp_path / "hostile.pt")
    with pytest.raises(UserError, match="not an official SAM 2") as told:
        resolve(str(tmp_path / "hostile.pt"), "nano")
    assert "weights_only" not in str(told.value), "torch's advice is to read it in the way that runs it"
    (tmp_path / "short.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0{")
    with pytest.raises(UserError, match="not a readable"):
        resolve(str(tmp_path / "short.safetensors"))


@pytest.mark.parametrize(
    ("checkpoint", "line"),
    [
        ("sam2-hiera-tny", "no such file or run"),
        ("nano-random:x", "must be a whole number"),
        ("nowhere/best.safetensors", "no such file"),
    ],
)
def test_what_cannot_be_found_is_named(checkpoint: str, line: str) -> None:
    with pytest.raises(UserError, match=line):
        resolve(checkpoint)


def test_names_are_matched_closely() -> None:
    assert model_name("facebook/sam2.1-hiera-small") == "sam2.1-hiera-small"
    with pytest.raises(UserError, match="did you mean 'sam2-hiera-tiny'"):
        model_name("sam2-hiera-tinny")
