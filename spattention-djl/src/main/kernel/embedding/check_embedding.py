import sys
from pathlib import Path
sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parent.parent)]
import interpret; interpret.install()
import torch, embedding as k
torch.manual_seed(0)
def run(T, V, D, left_out=-1):
    w = torch.randn(V, D); bits = w.view(torch.int32)
    high = ((bits + 0x8000) >> 16).to(torch.int16); low = (bits - (high.to(torch.int32) << 16)).to(torch.int16)
    tokens = torch.randint(V, (T,)); x = torch.zeros(T, D)
    B = 16
    k.embedding_forward[(T, -(-D // B))](tokens, high, low, x, V, D, B)
    assert torch.equal(x, w[tokens])
    links = torch.full((2, T), -7, dtype=torch.int32)
    k.embedding_links[(-(-T // 8),)](tokens, links, T, 8)
    k.embedding_firsts[(-(-T // 8),)](links, T, 8)
    g, out = torch.randn(T, D), torch.randn(V, D); e = out.clone().double()
    keep = tokens != left_out
    e.index_add_(0, tokens[keep], g[keep].double())
    k.embedding_backward[(T, -(-D // B))](tokens, links, g, out, V, T, D, left_out, B)
    assert (out - e).abs().max() < 1e-5
    print("ok", T, V, D)
run(40, 7, 24); run(1, 1, 16); run(33, 100, 40, 3); run(20, 3, 8, 1)
