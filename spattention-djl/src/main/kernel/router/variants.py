"""What is compiled of `router.py`."""

from ptx import Job

SOURCES = ("router/router.py",)
POINTERS = {"weight": "fp32", "parts": "bf16", "gradient_parts": "bf16", "logits": "fp32", "chosen": "i32", "weights": "fp32", "counts": "i32",
            "probability_sums": "fp32", "square_sums": "fp32", "begins": "i32", "ends": "i32", "tile_ends": "i32", "loads": "i64",
            "mean_probabilities": "fp32", "mean_square": "fp32", "places": "i32", "row_weights": "fp32",
            "row_weight_grads": "fp32", "probability_grads": "fp32", "square_grad": "fp32", "logit_grads": "bf16"}
NUMBERS = dict.fromkeys(("T", "E", "P", "slots", "tiles", "rows", "count", "all"), "i32")
DIVISORS = {"count": 16, "all": 16, "P": 8}


def jobs():
    yield Job("router_parts", "router_parts", {"BLOCK": 1024}, 4)
    for experts, tokens in ((16, 128), (32, 64), (64, 32), (128, 16), (256, 8)):
        of_tokens = {"TOKENS": tokens, "EXPERTS": experts}
        for renormalize in (False, True):
            end = f"{'-renormalized' if renormalize else ''}-{experts}"
            for kernel in ("router_forward", "router_backward"):
                yield Job(kernel + end, kernel, of_tokens | {"RENORMALIZE": renormalize}, 4)
        yield Job(f"router_order-{experts}", "router_order", {"TILES": 8192 // experts, "EXPERTS": experts}, 8)
        yield Job(f"router_places-{experts}", "router_places", of_tokens, 4)
