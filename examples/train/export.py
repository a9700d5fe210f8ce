"""Writes a trained model as a folder that `pairmill run --model` takes."""

import copy
import json
import os

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import helper, numpy_helper
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

import views
import zeroshot
from model import IMAGE_SIDE

# Weights of more elements than this are stored as 16-bit floats and computed with as 32-bit ones.
HALVED_FROM = 1024
# How far an embedding's cosine may turn by the way from PyTorch to the file.
MAX_DRIFT = 1e-3


def folded(vision):
    """The vision tower with its batch norms folded into the convolutions before them."""
    vision = copy.deepcopy(vision).eval()
    vision.stem = nn.Sequential(fuse_conv_bn_eval(vision.stem[0], vision.stem[1]), vision.stem[2])
    for block in vision.body:
        block.first, block.first_norm = fuse_conv_bn_eval(block.first, block.first_norm), nn.Identity()
        block.second, block.second_norm = fuse_conv_bn_eval(block.second, block.second_norm), nn.Identity()
        if block.short is not None:
            block.short = fuse_conv_bn_eval(block.short[0], block.short[1])
    return vision


def halve(model):
    """Stores large weights in 16 bits, with a Cast back that the runtime folds away when it loads the file."""
    kept, casts = [], []
    for weight in model.graph.initializer:
        values = numpy_helper.to_array(weight)
        if values.dtype != np.float32 or values.size < HALVED_FROM:
            kept.append(weight)
            continue
        small = numpy_helper.from_array(values.astype(np.float16), weight.name + "_half")
        kept.append(small)
        casts.append(helper.make_node("Cast", [small.name], [weight.name], to=onnx.TensorProto.FLOAT))
    nodes = casts + list(model.graph.node)
    del model.graph.initializer[:]
    del model.graph.node[:]
    model.graph.initializer.extend(kept)
    model.graph.node.extend(nodes)


def write_tower(tower, example, path, input_name, output_name, free):
    tower = tower.eval()
    program = torch.onnx.export(
        tower, (example,), input_names=[input_name], output_names=[output_name], dynamo=True,
        dynamic_shapes=({axis: torch.export.Dim(name, min=1, max=most) for axis, (name, most) in free.items()},),
        opset_version=18, verbose=False,
    )
    model = program.model_proto
    halve(model)
    # Paths and stack traces of the machine that wrote it say nothing about the model.
    for node in model.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    del model.metadata_props[:]
    onnx.checker.check_model(model)
    onnx.save(model, path)


def drift(path, input_name, tower, example):
    """Largest 1 - cosine between the file's embeddings and the tower's."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {input_name: example.numpy()})
    with torch.no_grad():
        wanted = tower(example)
    return (1 - nn.functional.cosine_similarity(torch.from_numpy(found), wanted)).max().item()


def write_folder(out, model, tokenizer, threshold, name=None):
    """Writes the folder and checks that the files compute what the model does. Returns the files' sizes in bytes."""
    os.makedirs(out, exist_ok=True)
    model = copy.deepcopy(model).float().cpu().eval().to(memory_format=torch.contiguous_format)
    vision = folded(model.vision)
    vision_path, text_path = (os.path.join(out, f"{tower}_model.onnx") for tower in ("vision", "text"))
    pixels = torch.randn(3, 3, IMAGE_SIDE, IMAGE_SIDE, generator=torch.Generator().manual_seed(1))
    ids = torch.tensor([[0, 300, 301, model.text.end, model.text.end], [0, 400, 401, 402, model.text.end]])
    write_tower(vision, pixels, vision_path, "pixel_values", "image_embeds", {0: ("N", 4096)})
    write_tower(model.text, ids, text_path, "input_ids", "text_embeds", {0: ("N", 4096), 1: ("L", model.text.places.shape[0])})
    for path, input_name, tower, example in (
        (vision_path, "pixel_values", model.vision, pixels[:1]),
        (text_path, "input_ids", model.text, ids[:1, :4]),
    ):
        turned = drift(path, input_name, tower, example)
        if turned > MAX_DRIFT:
            raise SystemExit(f"{path}: embeddings differ from the trained model's by {turned:.5f}")

    tokenizer.save(os.path.join(out, "tokenizer.json"), pretty=False)
    preprocessing = {
        "do_resize": True, "size": {"shortest_edge": IMAGE_SIDE}, "resample": 3,
        "do_center_crop": True, "crop_size": {"height": IMAGE_SIDE, "width": IMAGE_SIDE},
        "do_rescale": True, "rescale_factor": 1 / 255,
        "do_normalize": True, "image_mean": list(views.MEAN), "image_std": list(views.STD),
    }
    notes = {"name": name or os.path.basename(os.path.abspath(out)), "threshold": threshold, "isClip": False,
             "templates": list(zeroshot.TEMPLATES), "logitScale": round(model.scale().item(), 2)}
    for file_name, content in (("preprocessor_config.json", preprocessing), ("pairmill.json", notes)):
        with open(os.path.join(out, file_name), "w", encoding="utf-8") as file:
            json.dump(content, file, indent=2)
            file.write("\n")
    files = ("vision_model.onnx", "text_model.onnx", "tokenizer.json")
    return {name: os.path.getsize(os.path.join(out, name)) for name in files}
