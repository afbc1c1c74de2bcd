import sys
from pathlib import Path
sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parent.parent)]
import interpret; interpret.install()
import torch, query_key_rotary as k
torch.manual_seed(0)
def z(*s, dtype=torch.float32): return torch.full(s, 77, dtype=dtype)
def rel(a, e): return ((a.double() - e).norm() / (e.norm() + 1e-30)).item()
def run(B, N, H, hd, each=3):
    T, D, half = B * N, H * hd, hd // 2
    BL = max(half, 1 << (D // 2 - 1).bit_length())
    wide = torch.randn(T, D + 40).bfloat16(); x = wide[:, 8:8 + D]; w = torch.rand(D) + .5
    ang = torch.rand(N + 2, half) * 6; cos, sin = ang.cos().contiguous(), ang.sin().contiguous()
    y, root = z(T, D, dtype=torch.bfloat16), z(T)
    k.rotary_forward[(T,)](x, wide.stride(0), w, cos, sin, y, root, D, N, 2, 1e-5, BL, half)
    x64, w64 = x.double().requires_grad_(), w.double().requires_grad_()
    n = (x64 * torch.rsqrt((x64 * x64).mean(-1, keepdim=True) + 1e-5) * w64).view(B, N, H, hd)
    lo, hi = n.chunk(2, -1); c, s = cos[2:].double()[None, :, None], sin[2:].double()[None, :, None]
    e = torch.cat([lo * c - hi * s, hi * c + lo * s], -1).reshape(T, D)
    g = torch.randn(T, D).bfloat16(); ex, ew = torch.autograd.grad((e * g.double()).sum(), (x64, w64))
    P = -(-T // each); parts = z(P, D); xg = z(T, D + 16, dtype=torch.bfloat16)
    k.rotary_backward[(P,)](x, wide.stride(0), w, cos, sin, root, g, xg[:, 8:], xg.stride(0), parts, T, D, N, 2, each, BL, half)
    assert rel(y, e) < 4e-3 and rel(xg[:, 8:8 + D], ex) < 4e-3 and rel(parts.sum(0), ew) < 1e-5 and (xg[:, :8] == 77).all() and (xg[:, 8 + D:] == 77).all()
    print("ok", B, N, H, hd)
run(2, 5, 3, 8); run(1, 1, 1, 16); run(3, 4, 5, 32)
