import sys
from pathlib import Path
sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import interpret; interpret.install()
import torch, shared_heads
torch.manual_seed(0)
def run(T, heads, group, D, before=16, behind=32):
    H = 512 // D
    array = torch.randn(T, heads * group, D).bfloat16()
    wide = torch.full((T, before + heads * D + behind), 7.0).bfloat16()
    shared_heads.sum_shared_heads[(T, -(-heads // H))](array, wide[:, before:], wide.stride(0), heads, group, D, H)
    expected = array.double().view(T, heads, group, D).sum(2).flatten(1)
    mine = wide[:, before:before + heads * D].double()
    error = ((mine - expected).norm() / expected.norm()).item()
    assert error < 4e-3, error
    assert (wide[:, :before] == 7).all() and (wide[:, before + heads * D:] == 7).all(), "other columns"
    print("ok", T, heads, group, D, error)
run(1, 1, 1, 32); run(7, 2, 4, 64); run(5, 3, 2, 128); run(3, 1, 8, 256); run(4, 20, 3, 64)
