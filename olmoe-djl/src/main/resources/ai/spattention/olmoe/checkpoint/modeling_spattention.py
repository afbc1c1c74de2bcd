"""OLMoE whose attention heads each see a pattern of their own, for Hugging Face transformers (4.56 or newer):

    AutoModelForCausalLM.from_pretrained(folder, trust_remote_code=True)

config.json says which pattern each layer has ("attention_pattern": a name, or a list that repeats over the layers) and from which
length its bands are computed ("layout_length": a number, or "sequence" for the number of tokens at hand).

Letters: B sequences, H query heads, Q queries, K keys, L layout length; i and j are the positions of a query and a key in their
sequence, d = i - j >= 0 their distance.
"""

import inspect
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import nn
from transformers.models.olmoe.configuration_olmoe import OlmoeConfig
from transformers.models.olmoe.modeling_olmoe import OlmoeAttention, OlmoeForCausalLM, OlmoeRMSNorm, apply_rotary_pos_emb

try:
    from transformers import conversion_mapping
except ImportError:  # transformers 4 holds the experts one by one, as the files do
    conversion_mapping = None

if "past_key_values" not in inspect.signature(OlmoeAttention.forward).parameters:
    raise ImportError("attention by patterns needs transformers 4.56 or newer")

MODEL_TYPE = "spattention_olmoe"
ATTENTION = "spattention"  # in config.json, so that classes of transformers' own do not take the model for theirs
SEQUENCE = "sequence"
UNBOUNDED = 2**31 - 1  # no distance is as large


class Blocks(NamedTuple):
    """Positions in blocks of `size`: a query sees its own block, the one before, and `drawn` of those from number `first` on."""

    size: int
    first: int
    drawn: int
    seed: int


class Rule(NamedTuple):
    """What one head sees: d in a band [start, end), or j < prefix, or d % period in residues and d < end, or j in a block."""

    bands: tuple = ()
    prefix: int = 0
    stride: tuple = (1, (), 0)  # period, residues, end
    blocks: Blocks | None = None


EVERYTHING = Rule(bands=((0, UNBOUNDED),))


def clamp(value, low, high):
    return max(low, min(high, value))


def window(farthest):
    return (0, farthest + 1)


def own_band(head, heads, length):
    """The start and width of a head's band: the bands of all heads partition the distances below L."""
    base, extra = divmod(length, heads)
    return head * base + min(head, extra), base + (head < extra)


def sp(head, heads, length):
    start, width = own_band(head, heads, length)
    return Rule(bands=(window(width), (start, start + width)))


def exclusive(head, heads, length):
    start, width = own_band(head, heads, length)
    return Rule(bands=((start, start + width),))


def local(head, heads, length):
    return Rule(bands=(window(own_band(head, heads, length)[1]),))


def gapped(head, heads, length):
    start, width = own_band(head, heads, length)
    return Rule(bands=((start, start + width // 2),))


def window_of_equal_pairs(head, heads, length):
    """The narrowest window with at least as many pairs in L tokens as a head of sp has on average."""

    def pairs(start, end):  # the distance d has L - d of them
        count = max(0, min(end, length) - start)
        return count * (length - start) - count * (count - 1) // 2

    total = 0
    for each in range(heads):
        start, width = own_band(each, heads, length)
        total += pairs(*window(width)) + pairs(max(start, width + 1), max(start + width, width + 1))
    mean = -(-total // heads)
    return Rule(bands=(window(next(farthest for farthest in range(length) if pairs(*window(farthest)) >= mean)),))


def longformer(head, heads, length):
    if length <= 4:
        return EVERYTHING
    return Rule(bands=(window(clamp(length // 4, 1, 256)),), prefix=clamp(length // 32, 1, 16))


def bigbird(head, heads, length):
    if length <= 4:
        return EVERYTHING
    return Rule(bands=(window(clamp(length // 8, 1, 128)),), prefix=clamp(length // 64, 1, 8),
                stride=(max(16, length // 32), (0,), UNBOUNDED))


def reformer(head, heads, length):
    if length <= 4:
        return EVERYTHING
    buckets = max(2, length // clamp(length // 8, 1, 64))
    if buckets == 2:
        return EVERYTHING
    near = tuple(d for d in range(buckets) if 3 * d % buckets in (0, 1, buckets - 1))
    return Rule(bands=(window(clamp(length // 4, 1, 8)),), stride=(buckets, near, UNBOUNDED))


def fixed_window(setting, head, heads, length):
    return Rule(bands=(window(whole_number(setting, 0)),))


def longformer_dilated(setting, head, heads, length):
    dilation = whole_number(setting or "2", 2)
    farthest = clamp(length // 4, 1, 256)
    if head < heads - min(2, heads // 2):
        return Rule(bands=(window(farthest),))
    return Rule(stride=(dilation, (0,), farthest * dilation + 1))


def bigbird_random(setting, head, heads, length):
    size = clamp(length // 32, 1, 64)
    seed = mix(whole_number(setting or "0") + GOLDEN * (head + 1))
    return Rule(prefix=2 * size, blocks=Blocks(size, first=2, drawn=3, seed=seed))


PATTERNS = {"causal": lambda head, heads, length: EVERYTHING, "sp": sp, "exclusive": exclusive, "local": local,
            "window": window_of_equal_pairs, "gapped": gapped, "longformer": longformer, "bigbird": bigbird, "reformer": reformer}
PATTERNS_WITH_SETTING = {"window": fixed_window, "longformer-dilated": longformer_dilated, "bigbird-random": bigbird_random}


def rule(pattern, head, heads, length):
    """What a head sees by the pattern of a name, possibly with a setting after a colon."""
    if pattern in PATTERNS:
        return PATTERNS[pattern](head, heads, length)
    name, _, setting = pattern.partition(":")
    if name in PATTERNS_WITH_SETTING:
        return PATTERNS_WITH_SETTING[name](setting, head, heads, length)
    if name == "lsh":
        raise ValueError(f"attention_pattern '{pattern}': what lsh attention sees depends on the tokens, which is not computed in"
                         " transformers; use the model with SPAttention for Java")
    raise ValueError(f"unknown attention_pattern '{pattern}': transformers is given {', '.join(PATTERNS)}, window:W,"
                     " longformer-dilated[:DILATION] and bigbird-random[:SEED]; use a model of another pattern where it was made")


def whole_number(setting, least=None):
    try:
        number = int(setting)
    except ValueError:
        number = None
    if number is None or least is not None and number < least:
        raise ValueError(f"attention_pattern has the setting '{setting}': it must be a whole number"
                         + (f" of at least {least}" if least is not None else ""))
    return number


MASK = 2**64 - 1
GOLDEN = 0x9E3779B97F4A7C15


def mix(z):
    """The finaliser of SplitMix64."""
    z &= MASK
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & MASK
    z = (z ^ z >> 27) * 0x94D049BB133111EB & MASK
    return z ^ z >> 31


def drawn_below(z, bound):
    """A number below a bound by the signed 64-bit value of mix(z)."""
    value = mix(z)
    return (value - 2**64 if value >= 2**63 else value) % bound


def blocks_seen(blocks, block):
    """The blocks that the queries of a block see: its own, the one before, and random ones before those (Floyd's draw)."""
    candidates = max(0, block - 1 - blocks.first)
    drawn = min(blocks.drawn, candidates)
    start = mix(blocks.seed + GOLDEN * (block + 1))
    seen = []
    for i in range(drawn):
        most = candidates - drawn + i
        taken = blocks.first + (i if drawn == candidates else drawn_below(start + GOLDEN * (i + 1), most + 1))
        seen.append(blocks.first + most if taken in seen else taken)
    return seen + [max(0, block - 1)] * (blocks.drawn - drawn + 1) + [block]


@lru_cache(maxsize=64)
def tables(pattern, heads, length, size):
    """What the heads see in sequences of up to `size` tokens.

    Returns the distances seen, bool [H, size]; the number of leading keys that are seen from everywhere; the size of a block; and
    the blocks seen by each block of queries, int64 [H, blocks, seen], or None.
    """
    rules = [rule(pattern, head, heads, length) for head in range(heads)]
    distance = torch.arange(size)
    seen = torch.zeros(heads, size, dtype=torch.bool)
    for head, (bands, _, (period, residues, end), _) in enumerate(rules):
        for first, last in bands:
            seen[head, first:last] = True
        for residue in residues:
            seen[head] |= (distance % period == residue) & (distance < end)
    if rules[0].blocks is None:
        return seen, rules[0].prefix, 1, None
    block = rules[0].blocks.size
    blocks = [[blocks_seen(each.blocks, query) for query in range(-(-size // block))] for each in rules]
    return seen, rules[0].prefix, block, torch.tensor(blocks)


def pairs_seen(pattern, heads, length, query, key):
    """Which keys the heads see.

    Takes the positions of queries [..., Q, 1] and of keys [..., Q, K], none after its query. Returns bool [H, ..., Q, K].
    """
    size = 1 << max(0, key.shape[-1] - 1).bit_length()  # so that growing sequences share tables
    distances, prefix, block, blocks = tables(pattern, heads, length, size)
    seen = distances.to(key.device)[:, query - key] | (key < prefix)
    if blocks is not None:
        of_query = blocks.to(key.device)[:, query // block]
        for choice in range(of_query.shape[-1]):
            seen |= key // block == of_query[..., choice]
    return seen


class SpAttentionOlmoeConfig(OlmoeConfig):
    model_type = MODEL_TYPE
    attention_pattern = "causal"
    layout_length = SEQUENCE


def layer_patterns(config):
    """The patterns of a configuration's first layers, which repeat."""
    patterns = config.attention_pattern
    return [patterns] if isinstance(patterns, str) else list(patterns)


class SpAttention(OlmoeAttention):
    """OLMoE's attention in which each head sees by the layer's pattern. A query that sees nothing gives exactly 0."""

    def __init__(self, config, layer_idx):
        nn.Module.__init__(self)
        self.config = config
        self.layer_idx = layer_idx
        self.heads = config.num_attention_heads
        self.head_dim = getattr(config, "head_dim", None) or config.hidden_size // self.heads
        patterns = layer_patterns(config)
        self.pattern = patterns[layer_idx % len(patterns)]
        queries = self.heads * self.head_dim
        keys = config.num_key_value_heads * self.head_dim
        self.q_proj = nn.Linear(config.hidden_size, queries, bias=config.attention_bias)
        self.k_proj = nn.Linear(config.hidden_size, keys, bias=config.attention_bias)
        self.v_proj = nn.Linear(config.hidden_size, keys, bias=config.attention_bias)
        self.o_proj = nn.Linear(queries, config.hidden_size, bias=config.attention_bias)
        self.q_norm = OlmoeRMSNorm(queries, eps=config.rms_norm_eps)
        self.k_norm = OlmoeRMSNorm(keys, eps=config.rms_norm_eps)

    def forward(self, hidden_states, position_embeddings=None, attention_mask=None, past_key_values=None, cache_position=None,
                **kwargs):
        query = self.split(self.q_norm(self.q_proj(hidden_states)))
        key = self.split(self.k_norm(self.k_proj(hidden_states)))
        value = self.split(self.v_proj(hidden_states))
        query, key = apply_rotary_pos_emb(query, key, *position_embeddings)
        if past_key_values is not None:
            placed = {} if cache_position is None else {"cache_position": cache_position}
            key, value = past_key_values.update(key, value, self.layer_idx, placed)
        repeats = self.heads // self.config.num_key_value_heads
        key = key.repeat_interleave(repeats, dim=1)
        value = value.repeat_interleave(repeats, dim=1)

        seen = self.seen(attention_mask, key.shape[2])
        scores = (query @ key.transpose(2, 3) * self.head_dim**-0.5).float()
        weights = scores.masked_fill(~seen, torch.finfo(torch.float32).min).softmax(-1) * seen
        weights = nn.functional.dropout(weights.to(value.dtype), self.config.attention_dropout, self.training)
        output = (weights @ value).transpose(1, 2).flatten(2)
        return self.o_proj(output), weights

    def split(self, states):
        """[B, Q, heads D] to [B, heads, Q, D], clamped where the configuration says so."""
        limit = self.config.clip_qkv
        if limit is not None:
            states = states.clamp(-limit, limit)
        return states.unflatten(-1, (-1, self.head_dim)).transpose(1, 2)

    def seen(self, attention_mask, keys):
        """The pairs that each head sees, bool [B, H, Q, K].

        transformers' mask of causality, padding, cache and packed sequences, [B, 1, Q, K], 0 (or True) where a key is to be seen,
        tells the positions: a query sees the whole past of its own sequence, so that the keys which it sees up to key j are j + 1.
        """
        if attention_mask is None or attention_mask.dim() != 4:
            raise ValueError("attention by patterns needs the mask of attn_implementation='eager': load the model with that")
        mask = attention_mask[..., :keys]
        visible = mask if mask.dtype == torch.bool else mask == 0
        key = (visible.cumsum(-1) - 1).clamp(min=0)[:, 0]
        query = key[..., -1:]
        if self.config.layout_length != SEQUENCE:
            lengths = [int(self.config.layout_length)]
        else:
            lengths = [last + 1 for last in query.amax((1, 2)).tolist()]
        if len(set(lengths)) == 1:
            pairs = pairs_seen(self.pattern, self.heads, lengths[0], query, key)
        else:
            pairs = torch.stack([pairs_seen(self.pattern, self.heads, length, query[b], key[b]) for b, length in enumerate(lengths)], 1)
        return pairs.transpose(0, 1) & visible


class SpAttentionOlmoeForCausalLM(OlmoeForCausalLM):
    config_class = SpAttentionOlmoeConfig
    _supports_sdpa = False
    _supports_flash_attn = False
    _supports_flex_attn = False
    _supports_attention_backend = False
    _can_compile_fullgraph = False

    def __init__(self, config):
        super().__init__(config)
        for pattern in layer_patterns(config):
            rule(pattern, 0, config.num_attention_heads, 1)  # refuses what cannot be computed here
        for index, layer in enumerate(self.model.layers):
            layer.self_attn = SpAttention(config, index)
        self.post_init()

    def _check_and_adjust_attn_implementation(self, attn_implementation, *args, **kwargs):
        return super()._check_and_adjust_attn_implementation(
            None if attn_implementation == ATTENTION else attn_implementation, *args, **kwargs)

    def bands_move(self):
        """Whether what a token sees changes as the sequence grows, so that what was computed of earlier tokens holds no longer."""
        return self.config.layout_length == SEQUENCE and any(
            pattern != "causal" and not pattern.startswith("window:") for pattern in layer_patterns(self.config))

    def forward(self, input_ids=None, attention_mask=None, position_ids=None, past_key_values=None, **kwargs):
        if past_key_values is not None and past_key_values.get_seq_length() > 0 and self.bands_move():
            raise ValueError("layout_length 'sequence': bands move as the sequence grows, so that keys and values of earlier tokens cannot"
                             " be kept: pass the whole sequence with use_cache=False")
        return super().forward(input_ids=input_ids, attention_mask=attention_mask, position_ids=position_ids,
                               past_key_values=past_key_values, **kwargs)

    def generate(self, *args, **kwargs):
        if self.bands_move():
            kwargs["use_cache"] = False  # each token then reads the whole sequence anew
        return super().generate(*args, **kwargs)


if conversion_mapping is not None:  # transformers 5 stacks the experts as it loads them
    conversion_mapping.register_checkpoint_conversion_mapping(
        MODEL_TYPE, conversion_mapping.get_checkpoint_conversion_mapping("olmoe"), overwrite=True)
