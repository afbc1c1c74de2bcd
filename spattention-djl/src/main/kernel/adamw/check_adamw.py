import sys, math
from pathlib import Path
sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parent.parent)]
import interpret; interpret.install()
import torch, adamw as k
torch.manual_seed(0)
b1, b2, eps, wd = .9, .95, 1e-8, .1
def run(n, max_norm, bf16, plain, bad=None):
    w = torch.randn(n); rates = torch.tensor([0.0] + [0.01 * (i + 1) for i in range(9)])
    hi, lo = torch.zeros(n, dtype=torch.int16), torch.zeros(n, dtype=torch.int16); B = 16; P = -(-n // B)
    k.split[(P,)](w, hi, lo, n, B); back = torch.zeros(n); k.join[(P,)](hi, lo, back, n, B); assert torch.equal(back, w)
    assert (hi.view(torch.bfloat16).float() - w).abs().max() <= (w.abs() * 2 ** -8).max()
    m, v = (torch.zeros(n, dtype=torch.bfloat16 if bf16 else torch.float32) for _ in range(2))
    ref = w.double().clone().requires_grad_(); opt = torch.optim.AdamW([ref], lr=1, betas=(b1, b2), eps=eps, weight_decay=wd)
    updates, state = torch.zeros(1, dtype=torch.int64), torch.zeros(8); pw = w.clone(); t = 0
    for step in range(4):
        g = torch.randn(n) * 3
        if bad == step: g[n // 2] = float("nan")
        parts = torch.zeros(-(-n // 32), dtype=torch.float64)
        k.square_parts[(len(parts),)](g, parts, n, 32, B)
        k.begin_update[(1,)](parts, torch.tensor([1.0]), rates, updates, state, len(parts), 2.0, max_norm, math.log2(b1), math.log2(b2), 8)
        if plain: k.adamw_plain[(P,)](pw, g, m, v, state, n, b1, b2, eps, wd, B)
        else: k.adamw_split[(P,)](hi, lo, g, m, v, state, n, b1, b2, eps, wd, B)
        if bad == step: assert state[2] == 1; continue
        t += 1; gd = g.double() / 2; norm = gd.norm()
        assert abs(state[1] - norm) < 1e-4 * norm
        if max_norm and norm > max_norm: gd = gd * max_norm / norm
        for p in opt.param_groups: p["lr"] = rates[t].item()
        ref.grad = gd; opt.step()
    assert updates.item() == t
    if not plain: k.join[(P,)](hi, lo, pw, n, B)
    err = (pw.double() - ref).abs().max().item(); assert err < (3e-3 if bf16 else 2e-6), err
    print("ok", n, max_norm, bf16, plain, bad, err)
run(50, 0.0, False, False); run(50, 1.0, False, True, 2); run(1, 1.0, False, False); run(37, 0.5, True, False, 0)
