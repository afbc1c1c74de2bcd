import sys
from pathlib import Path
sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import interpret; interpret.install()
import torch, router
torch.manual_seed(0)
def run(T, D, E, K, renorm, TOK=16, STEP=32, rows=8, device="cpu"):
    EX = max(16, 1 << (E - 1).bit_length())
    h = torch.randn(T, D).bfloat16(); w = torch.randn(E, D)
    tiles = -(-T // TOK)
    f, i = torch.float32, torch.int32
    z = lambda *s, dtype=f: torch.full(s, 7777, dtype=dtype)
    chosen, weights = z(T, K, dtype=i), z(T, K)
    b = torch.bfloat16
    P = (E + 7) // 8 * 8; wp, gp = z(3 * P, D, dtype=b), z(3 * P, D, dtype=b)
    router.router_parts[(-(-P * D // 64),)](w, wp, gp, E * D, P * D, 64)
    logits = h.float() @ wp.float().T
    counts, psum, sq = z(tiles, E, dtype=i), z(tiles, E), z(tiles)
    router.router_forward[(tiles,)](logits, chosen, weights, counts, psum, sq, T, E, P, K, TOK, EX, renorm)
    begins, ends, tends, loads, mp, ms = z(tiles, E, dtype=i), z(E, dtype=i), z(E, dtype=i), z(E, dtype=i), z(E), z(1)
    router.router_order[(1,)](counts, psum, sq, begins, ends, tends, loads, mp, ms, tiles, T, E, rows, 4, EX)
    places, rw = z(T, K, dtype=i), z(T * K)
    router.router_places[(tiles,)](chosen, weights, begins, places, rw, T, E, K, TOK, EX)
    # reference
    h64 = h.double().requires_grad_(); w64 = w.double().requires_grad_()
    x = h64 @ w64.T; p = x.softmax(-1); top = p.topk(K, -1); wt = top.values / top.values.sum(-1, keepdim=True) if renorm else top.values
    assert (logits.view(T, 3, P).sum(1)[:, :E] - x).abs().max() < 1e-4, (logits - x).abs().max()
    assert torch.equal(chosen.long(), top.indices); assert (weights - wt).abs().max() < 1e-5
    order = torch.sort(chosen.flatten().long(), stable=True)[1]
    pl = torch.empty(T * K, dtype=torch.long); pl[order] = torch.arange(T * K)
    assert torch.equal(places.flatten().long(), pl); assert torch.equal(rw, weights.flatten()[order])
    cnt = torch.bincount(chosen.flatten().long(), minlength=E); assert torch.equal(loads.long(), cnt)
    assert torch.equal(ends.long(), cnt.cumsum(0)); assert torch.equal(tends.long(), ((cnt + rows - 1) // rows).cumsum(0))
    bal = E * ((cnt.double() / T) * p.mean(0)).sum(); zz = (torch.logsumexp(x, -1) ** 2).mean()
    assert (mp - p.mean(0)).abs().max() < 1e-6 and abs(ms[0] - zz) < 1e-4 * zz
    g = torch.randn(T * K); wb, wz = 0.3, 0.2
    loss = (wt.flatten()[order] * g.double()).sum() + wb * bal + wz * zz
    dh, dw = torch.autograd.grad(loss, (h64, w64))
    lg = z(T, 3 * P).bfloat16()
    router.router_backward[(tiles,)](logits, chosen, weights, places, g, (wb * E * cnt / T).float(), torch.tensor([wz]), lg, T, E, P, K, TOK, EX, renorm)
    hg, parts = (lg.float() @ gp.float()).bfloat16(), (lg[:, :2 * P].float().T @ h.float()).view(2, P, D)[:, :E]
    rel = lambda a, b: ((a.double() - b).norm() / b.norm()).item()
    errs = rel(hg, dh), rel(parts.sum(0), dw)
    assert errs[0] < 4e-3 and errs[1] < 1e-4, errs
    print("ok", T, D, E, K, renorm, errs)
run(50, 48, 5, 2, False); run(33, 64, 16, 8, True); run(1, 32, 1, 1, False); run(100, 96, 20, 3, True); run(17, 32, 64, 8, False)
