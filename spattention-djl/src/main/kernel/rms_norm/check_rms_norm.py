import sys
from pathlib import Path
sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parent.parent)]
import interpret; interpret.install()
import torch, rms_norm
torch.manual_seed(0)
f, b = torch.float32, torch.bfloat16
def z(*s, dtype=f): return torch.full(s, 77, dtype=dtype)
def rel(a, e): return ((a.double() - e).norm() / (e.norm() + 1e-30)).item()
def run(T, D, K, how, each=3):
    B = 1 << (D - 1).bit_length()
    x, br, rows, w = torch.randn(T, D), torch.randn(T, D).bfloat16(), torch.randn(T * K, D).bfloat16(), torch.rand(D) + .5
    places = torch.randperm(T * K).int()
    total, y, root = z(T, D), z(T, D, dtype=b), z(T)
    rms_norm.norm_forward[(T,)](x, br, rows, places, w, total, y, root, D, K, 1e-5, B, how)
    x64, w64 = x.double().requires_grad_(), w.double().requires_grad_()
    s = x64 + (br.double() if how == "branch" else rows.double()[places.long()].view(T, K, D).sum(1) if "slots" in how else 0)
    n = s * torch.rsqrt((s * s).mean(-1, keepdim=True) + 1e-5) * w64
    assert rel(y, n) < 4e-3
    if how != "nothing": assert rel(total, s) < 1e-6
    src = x if how == "nothing" else total
    again = z(T, D, dtype=b)
    rms_norm.norm_again[(T,)](src, w, root, again, D, B)
    assert torch.equal(again, y)
    for slots in (False, True):
        for add in (False, True):
            yg, tg = torch.randn(T, D).bfloat16(), torch.randn(T, D)
            arriving = yg.double() + (rows.double()[places.long()].view(T, K, D).sum(1) if slots else 0)
            P = -(-T // each)
            parts, xg, bg = z(P, D), z(T, D), z(T, D, dtype=b)
            rms_norm.norm_backward[(P,)](src, w, root, yg, rows, places, tg, xg, bg, parts, T, D, K, each, B, slots, K > 8, add, 2)
            ex, ew = torch.autograd.grad((n * arriving).sum(), (x64, w64), retain_graph=True)
            ex = ex + (tg.double() if add else 0)
            out = torch.randn(D); before = out.clone()
            rms_norm.sum_parts[(-(-D // 16),)](parts, out, P, D, D, 16, 2, add)
            assert rel(xg, ex) < 1e-5 and rel(bg, ex) < 4e-3 and rel(out - (before if add else 0), ew) < 1e-5, (rel(xg, ex), rel(out, ew))
    print("ok", T, D, K, how)
run(7, 24, 3, "nothing"); run(7, 24, 3, "branch"); run(10, 33, 8, "slots"); run(1, 16, 1, "slots"); run(5, 64, 9, "many slots")
