"""Writes the golden files beside it, by Hugging Face transformers and PyTorch alone: nothing here is computed by this project.

    python3 golden.py [start.safetensors]

- config.json, model.safetensors: a small OLMoE with random weights, in Hugging Face's own format.
- golden.safetensors, golden.json: its logits, losses and gradients for several attention patterns.
- scores.json: log-likelihoods of continuations, in the convention of lm-evaluation-harness.
- curve.json: the losses of 50 training steps that begin with the weights of start.safetensors (what this project draws from seed 0;
  a test holds that, too) on sums such as "7+15=22", in the order that SequenceOrder's Javadoc describes.
"""
import json
import math
import pathlib
import sys

import torch
import transformers
from safetensors.torch import load_file, save_file
from transformers import OlmoeConfig, OlmoeForCausalLM
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

HERE = pathlib.Path(__file__).parent
EOS = 256  # the tokens are bytes, and this one ends a document
AUX, Z = 0.01, 0.001


# --- attention by masks, written from the patterns' definitions

def bands(heads, length):
    base, extra = divmod(length, heads)
    return [(h * base + min(h, extra), base + (h < extra)) for h in range(heads)]


def clamp(value, low, high):
    return max(low, min(high, value))


def allowed(pattern, h, heads, n, i, j):
    d = i - j
    if d < 0:
        return False
    s, w = bands(heads, n)[h]
    if pattern == "causal" or n <= 4 and pattern in ("longformer", "bigbird", "reformer"):
        return True
    if pattern == "sp":
        return d <= w or s <= d < s + w
    if pattern == "exclusive":
        return s <= d < s + w
    if pattern == "longformer":
        g = clamp(n // 32, 1, 16)
        return d <= clamp(n // 4, 1, 256) or i < g or j < g
    if pattern == "bigbird":
        width, g, stride = clamp(n // 8, 1, 128), clamp(n // 64, 1, 8), max(16, n // 32)
        return d <= width or i < g or j < g or (d % stride == 0 and d > width)
    if pattern == "reformer":
        count = max(2, n // clamp(n // 8, 1, 64))
        gap = abs((3 * i + 13 * h + 7) % count - (3 * j + 13 * h + 7) % count)
        return gap <= 1 or count > 2 and gap == count - 1 or d <= clamp(n // 4, 1, 8)
    raise ValueError(pattern)


def mask(pattern, heads, n):
    return torch.tensor([[[allowed(pattern, h, heads, n, i, j) for j in range(n)] for i in range(n)] for h in range(heads)])


STATE = {}


def attention(module, query, key, value, attention_mask, scaling, dropout=0.0, **rest):
    groups = query.shape[1] // key.shape[1]
    key, value = key.repeat_interleave(groups, 1), value.repeat_interleave(groups, 1)
    heads, n = query.shape[1], query.shape[2]
    if STATE.get("key") != (STATE["pattern"], heads, n):
        STATE.update(key=(STATE["pattern"], heads, n), mask=mask(STATE["pattern"], heads, n))
    seen = STATE["mask"]
    scores = (query @ key.transpose(2, 3) * scaling).masked_fill(~seen, float("-inf"))
    weights = torch.nan_to_num(torch.softmax(scores, -1, dtype=torch.float32)) if not seen.any(-1).all() else torch.softmax(scores, -1)
    return (weights @ value).transpose(1, 2).contiguous(), weights


ALL_ATTENTION_FUNCTIONS.register("golden", attention)


def new_model():
    config = OlmoeConfig(vocab_size=257, hidden_size=32, intermediate_size=16, num_hidden_layers=2, num_attention_heads=4,
                         num_key_value_heads=2, num_experts=4, num_experts_per_tok=2, max_position_embeddings=64, eos_token_id=EOS,
                         bos_token_id=None, pad_token_id=None, router_aux_loss_coef=AUX, tie_word_embeddings=False, attn_implementation="golden")
    return OlmoeForCausalLM(config)


# --- losses

def losses(model, ids, targets):
    out = model(input_ids=ids, output_router_logits=True, use_cache=False)
    lm = torch.nn.functional.cross_entropy(out.logits.reshape(-1, out.logits.shape[-1]).float(), targets.reshape(-1), ignore_index=-100)
    routers = torch.cat([r.float() for r in out.router_logits])
    p = torch.softmax(routers, -1)
    chosen = torch.nn.functional.one_hot(torch.topk(p, model.config.num_experts_per_tok, -1).indices, p.shape[-1]).float()
    aux = p.shape[-1] * (chosen.mean(0) * p.mean(0)).sum()
    z = torch.logsumexp(routers, -1).pow(2).mean()
    return out.logits, lm, aux, z



def parity(model):
    torch.manual_seed(7)
    ids = torch.randint(0, 257, (2, 29))
    targets = torch.cat([ids[:, 1:], torch.full((2, 1), -100)], 1)
    tensors, numbers = {"input_ids": ids}, {}
    for pattern in ("causal", "sp", "exclusive", "longformer", "bigbird", "reformer"):
        STATE["pattern"] = pattern
        model.zero_grad()
        logits, lm, aux, _ = losses(model, ids, targets)
        total = lm + AUX * aux
        total.backward()
        tensors[pattern + ".logits"] = logits.detach().float().contiguous()
        gradients = {name: p.grad for name, p in model.named_parameters()}
        if pattern == "sp":
            tensors.update({"sp.grad." + name: g.clone() for name, g in gradients.items()})
        numbers[pattern] = {"loss_lm": lm.item(), "loss_aux": aux.item(), "loss_total": total.item(),
                            "grad_norm": {name: g.norm().item() for name, g in gradients.items()}}
    save_file(tensors, HERE / "golden.safetensors")
    (HERE / "golden.json").write_text(json.dumps({"transformers": transformers.__version__, "torch": torch.__version__,
                                                  "patterns": numbers}, indent=1) + "\n")


# --- scores

REQUESTS = [("Question: What is frozen water?\nAnswer:", " ice"), ("Question: What is frozen water?\nAnswer:", " steam"),
            ("Two and two ", "are four"), ("", "An empty context"), ("caf\u00e9 ", "\u00fcber \u20ac"), ("x" * 70, " the context is longer than the model's"),
            ("A", "B")]


def scores(model):
    rows = []
    for pattern in ("causal", "sp"):
        STATE["pattern"] = pattern
        for context, continuation in REQUESTS:
            stripped = context.rstrip()
            moved = context[len(stripped):] + continuation
            cont = list(moved.encode()) if stripped else list(continuation.encode())
            ctx = list(stripped.encode()) if stripped else [EOS]
            whole = (ctx + cont)[-(model.config.max_position_embeddings + 1):]
            with torch.no_grad():
                logp = torch.log_softmax(model(torch.tensor([whole[:-1]])).logits[0].float(), -1)[-len(cont):]
            picked = logp[torch.arange(len(cont)), torch.tensor(cont)]
            rows.append({"pattern": pattern, "context": context, "continuation": continuation, "log_likelihood": picked.sum().item(),
                         "greedy": bool((logp.argmax(-1) == torch.tensor(cont)).all())})
    (HERE / "scores.json").write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


# --- a training run

LENGTH, MICRO_BATCH, ACCUMULATION, STEPS, WARMUP, PEAK = 32, 4, 2, 50, 5, 1e-2


def text():
    return "".join("%d+%d=%d\n" % (a, b, a + b) for a, b in ((7 * k % 23, 5 * k % 19) for k in range(1200)))


M = 2 ** 64 - 1


def mix(v):
    v = (v ^ v >> 30) * 0xBF58476D1CE4E5B9 & M
    v = (v ^ v >> 27) * 0x94D049BB133111EB & M
    return v ^ v >> 31


def order(count, seed, epoch):
    half = ((max(1, count - 1)).bit_length() + 1) // 2
    state, keys = mix(seed) ^ mix(epoch + 0x5DEECE66D), []
    for _ in range(6):
        state = mix(state + 0x9E3779B97F4A7C15 & M)
        keys.append(state)

    def permute(v):
        left, right = v >> half, v & (1 << half) - 1
        for key in keys:
            left, right = right, left ^ mix(right ^ key) & (1 << half) - 1
        return left << half | right

    for place in range(count):
        value = permute(place)
        while value >= count:
            value = permute(value)
        yield value


def batches():
    stream = torch.tensor(list(text().encode()) + [EOS])
    count = (len(stream) - 1) // LENGTH
    epoch = 0
    while True:
        for index in order(count, 0, epoch):
            yield stream[index * LENGTH: index * LENGTH + LENGTH + 1]
        epoch += 1


def curve(start):
    model = new_model()
    model.load_state_dict(unstacked(model, load_file(start)))
    STATE["pattern"] = "sp"
    decayed = [p for p in model.parameters() if p.dim() > 1]
    rest = [p for p in model.parameters() if p.dim() == 1]
    optimizer = torch.optim.AdamW([{"params": decayed, "weight_decay": 0.1}, {"params": rest, "weight_decay": 0.0}], lr=PEAK,
                                  betas=(0.9, 0.95), eps=1e-8)
    data, rows = batches(), []
    for step in range(1, STEPS + 1):
        rate = PEAK * step / WARMUP if step < WARMUP else PEAK * (0.1 + 0.9 * (1 + math.cos(math.pi * (step - WARMUP) / (STEPS - WARMUP))) / 2)
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.zero_grad()
        sums = [0.0, 0.0, 0.0]
        for _ in range(ACCUMULATION):
            batch = torch.stack([next(data) for _ in range(MICRO_BATCH)])
            _, lm, aux, z = losses(model, batch[:, :-1], batch[:, 1:])
            ((lm + AUX * aux + Z * z) / ACCUMULATION).backward()
            sums = [s + v.item() / ACCUMULATION for s, v in zip(sums, (lm, aux, z))]
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0).item()
        optimizer.step()
        rows.append({"step": step, "loss": sums[0], "loss_aux": sums[1], "loss_z": sums[2], "grad_norm": norm, "learning_rate": rate})
    (HERE / "curve.json").write_text("[" + ",\n ".join(json.dumps(row) for row in rows) + "]\n")


def unstacked(model, tensors):
    """A file holds experts one by one; newer versions of transformers hold them stacked."""
    result, names = {}, set(model.state_dict())
    for name in names:
        if name in tensors:
            result[name] = tensors[name]
        elif name.endswith("experts.gate_up_proj"):
            stem = name[: -len("gate_up_proj")]
            result[name] = torch.stack([torch.cat([tensors[f"{stem}{e}.gate_proj.weight"], tensors[f"{stem}{e}.up_proj.weight"]])
                                        for e in range(model.config.num_experts)])
        elif name.endswith("experts.down_proj"):
            stem = name[: -len("down_proj")]
            result[name] = torch.stack([tensors[f"{stem}{e}.down_proj.weight"] for e in range(model.config.num_experts)])
    return result


if __name__ == "__main__":
    torch.manual_seed(1)
    golden = new_model()
    with torch.no_grad():
        for p in golden.parameters():  # large enough for attention and routers to matter
            p.copy_(torch.randn_like(p) * (0.3 if p.dim() > 1 else 0.1) + (0 if p.dim() > 1 else 1))
    golden.save_pretrained(HERE)
    (HERE / "generation_config.json").unlink(missing_ok=True)
    parity(golden)
    scores(golden)
    if len(sys.argv) > 1:
        curve(sys.argv[1])
