"""What is compiled of `router.py`."""

SOURCE = "router"
POINTERS = {"hidden": "bf16", "hidden_grad": "bf16", "weight": "fp32", "logits": "fp32", "chosen": "i32", "weights": "fp32", "counts": "i32",
            "probability_sums": "fp32", "square_sums": "fp32", "begins": "i32", "ends": "i32", "tile_ends": "i32", "loads": "i64",
            "mean_probabilities": "fp32", "mean_square": "fp32", "places": "i32", "row_tokens": "i32", "row_weights": "fp32",
            "row_weight_grads": "fp32", "probability_grads": "fp32", "square_grad": "fp32", "logit_grads": "fp32", "parts": "fp32"}
NUMBERS = dict.fromkeys(("T", "D", "E", "slots", "tiles", "rows", "each"), "i32")
DIVISORS = {"D": 16}
TYPE_CHOICES = ()
UNUSED = {}
UNALIGNED = set()
TILES = 64


def jobs():
    for experts, tokens, step in ((16, 64, 64), (32, 64, 64), (64, 64, 64), (128, 32, 32), (256, 16, 32)):
        of_tokens = {"TOKENS": tokens, "EXPERTS": experts}
        warps = 4 if experts <= 32 else 8
        for renormalize in (False, True):
            end = f"{'-renormalized' if renormalize else ''}-{experts}"
            for kernel in ("router_forward", "router_backward"):
                yield kernel + end, kernel, of_tokens | {"STEP": step, "RENORMALIZE": renormalize}, warps
        yield f"router_order-{experts}", "router_order", {"TILES": TILES, "EXPERTS": experts}, 8
        yield f"router_places-{experts}", "router_places", of_tokens, warps
        yield f"router_weights-{experts}", "router_weights", {"TOKENS": 32, "EXPERTS": experts, "STEP": step}, warps
