"""Runs models through transformers for TransformersTest: use_transformers.py FOLDER. Exit code 77: transformers is not here."""

import hashlib
import importlib.util
import json
import sys
from pathlib import Path

try:
    import torch
    import transformers
    from safetensors.torch import load_file, save_file
    from transformers import AutoModelForCausalLM, OlmoeForCausalLM
    if tuple(int(part) for part in transformers.__version__.split(".")[:2]) < (4, 56):
        raise ImportError(f"transformers {transformers.__version__} is older than 4.56")
except ImportError as failure:
    print(failure)
    sys.exit(77)

OLD = transformers.__version__.startswith("4.")
root = Path(sys.argv[1])
print("transformers", transformers.__version__, "torch", torch.__version__)


def load(folder, **options):
    return AutoModelForCausalLM.from_pretrained(folder, trust_remote_code=True, **options).eval()


def refusal(action):
    try:
        return "nothing was refused: " + type(action()).__name__
    except ValueError as refused:
        return str(refused)


def in_pieces(model, ids, lengths):
    """The logits of tokens that are read piece by piece, with a cache."""
    cache = transformers.DynamicCache()
    logits = [model(piece, past_key_values=cache, use_cache=True).logits for piece in ids.split(lengths, dim=1)]
    return torch.cat(logits, 1)


def padded(model, ids, short, left):
    """The logits of the second row's first tokens, with padding on one side and the first row beside."""
    rows = ids.clone()
    mask = torch.ones_like(ids)
    length = ids.shape[1]
    place = slice(length - short, None) if left else slice(0, short)
    rows[1], mask[1] = 0, 0
    rows[1, place], mask[1, place] = ids[1, :short], 1
    return model(rows, attention_mask=mask).logits[1:, place].contiguous()


def generated(model, ids, starts, **options):
    """Greedily drawn tokens of two prompts of different lengths, in one batch."""
    longest = max(starts)
    rows = torch.zeros(2, longest, dtype=torch.int64)
    mask = torch.zeros_like(rows)
    for row, start in enumerate(starts):
        rows[row, longest - start:] = ids[row, :start]
        mask[row, longest - start:] = 1
    drawn = model.generate(rows, attention_mask=mask, do_sample=False, max_new_tokens=12, min_new_tokens=12, pad_token_id=0, **options)
    return drawn[:, longest:].contiguous()


torch.manual_seed(0)
with torch.no_grad():
    for folder in sorted((root / "models").iterdir()):
        inputs = load_file(folder / "inputs.safetensors")
        ids = inputs["input_ids"]
        short = int(inputs["short"])
        model = load(folder)
        outputs = {"logits": model(ids).logits, "left": padded(model, ids, short, True), "right": padded(model, ids, short, False),
                   "generated": generated(model, ids, inputs["starts"].tolist())}
        if not model.bands_move():
            outputs["pieces"] = in_pieces(model, ids, [short, 1, 1, ids.shape[1] - short - 2])
            if not OLD:  # in transformers 4 no model of OLMoE generates with a static cache
                outputs["static"] = generated(model, ids, inputs["starts"].tolist(), cache_implementation="static")
            outputs["uncached"] = generated(model, ids, inputs["starts"].tolist(), use_cache=False)
        else:
            outputs["pieces refused"] = torch.tensor("bands move" in refusal(lambda: in_pieces(model, ids, [short, ids.shape[1] - short])))
        save_file(outputs, folder / "outputs.safetensors")

file = root / "models" / "sp-40"
model = load(file)
model.save_pretrained(root / "saved")
gradients = model(load_file(file / "inputs.safetensors")["input_ids"], labels=load_file(file / "inputs.safetensors")["input_ids"])
gradients.loss.backward()
said = {
    "finite gradients": all(p.grad is None or bool(p.grad.isfinite().all()) for p in model.parameters()),
    "untrusted": refusal(lambda: AutoModelForCausalLM.from_pretrained(file, trust_remote_code=False)),
    "sdpa": refusal(lambda: load(file, attn_implementation="sdpa")),
    "lsh": refusal(lambda: load(root / "lsh")),
    "own": refusal(lambda: load(root / "own")),
    "dense": type(AutoModelForCausalLM.from_pretrained(root / "dense")).__name__,
}
said["stock"] = "transformers 4 only warns" if OLD else refusal(lambda: OlmoeForCausalLM.from_pretrained(file))

spec = importlib.util.spec_from_file_location("modeling_spattention", file / "modeling_spattention.py")
code = importlib.util.module_from_spec(spec)
spec.loader.exec_module(code)
wrong = []
for mask in json.loads((root / "masks.json").read_text()):
    query = torch.arange(mask["length"])[:, None]
    key = torch.arange(mask["length"])[None]
    seen = code.pairs_seen(mask["pattern"], mask["heads"], mask["layout"], query, torch.minimum(key, query)) & (key <= query)
    if hashlib.sha256(seen.to(torch.uint8).numpy().tobytes()).hexdigest() != mask["sha256"]:
        wrong.append(f"{mask['pattern']} heads {mask['heads']} layout {mask['layout']}")
said["wrong masks"] = ", ".join(wrong)
(root / "said.json").write_text(json.dumps(said))
