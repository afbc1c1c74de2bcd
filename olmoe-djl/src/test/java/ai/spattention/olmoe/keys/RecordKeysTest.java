package ai.spattention.olmoe.keys;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RecordKeysTest {

    private static final RecordKeys<Cake> KEYS = RecordKeys.of(Cake.class);

    private record Cake(
            @Key(meaning = "layers of dough", unit = "layers")
            @Range(min = 2) int numLayers,
            @Key(meaning = "heat", defaultValue = "0.5")
            @Range(min = 0, minExcluded = true) double heat,
            @Key(meaning = "share of nuts", name = "nuts", defaultValue = "0")
            @Range(min = 0, max = 1, maxExcluded = true) float nutRate,
            @Key(meaning = "share of sugar", defaultValue = "1")
            @Range(min = 0, minExcluded = true, max = 1) double sugar,
            @Key(meaning = "candles", defaultValue = "null")
            @Range(min = 1) Integer candles,
            @Key(meaning = "creams", follows = "num_layers", allowed = "fewer than num_layers") long creams,
            String ofNoKey) {

        Cake {
            KEYS.check("cake", numLayers, heat, nutRate, sugar, candles, creams);
        }
    }

    private static Map<String, Object> values() {
        return new HashMap<>(Map.of("numLayers", 2, "heat", 1.0, "nutRate", 0f, "sugar", 1.0, "creams", 1L));
    }

    @Test
    void readsWhatComponentsState() {
        assertEquals(List.of("num_layers", "heat", "nuts", "sugar", "candles", "creams"), KEYS.keys().stream().map(RecordKey::name).toList());
        assertEquals(List.of("at least 2", "positive and finite", "in [0, 1)", "in (0, 1]", "at least 1", "fewer than num_layers"),
                KEYS.keys().stream().map(RecordKey::allowed).toList());
        assertEquals(List.of("num_layers"), KEYS.keys().stream().filter(RecordKey::isRequired).map(RecordKey::name).toList());
        assertEquals("layers", KEYS.keys().get(0).unit());
        assertEquals("num_layers", KEYS.keys().get(5).follows().orElseThrow());
        assertEquals("0.5", KEYS.keys().get(1).defaultValue().orElseThrow());
    }

    @Test
    void takesApartWhatItMakes() {
        Cake cake = KEYS.create(values());
        assertEquals(new Cake(2, 1, 0, 1, null, 1, null), cake);
        assertEquals(cake, KEYS.create(KEYS.values(cake)));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "2 | 1e-300   | 0    | 1      | 1 |",
            "1 | 1        | 0    | 1      | 1 | cake.num_layers must be at least 2 (got 1)",
            "2 | 0        | 0    | 1      | 1 | cake.heat must be positive and finite (got 0.0)",
            "2 | Infinity | 0    | 1      | 1 | cake.heat must be positive and finite (got Infinity)",
            "2 | NaN      | 0    | 1      | 1 | cake.heat must be positive and finite (got NaN)",
            "2 | 1        | -0.1 | 1      | 1 | 'cake.nuts must lie in [0, 1) (got -0.1)'",
            "2 | 1        | 1    | 1      | 1 | 'cake.nuts must lie in [0, 1) (got 1.0)'",
            "2 | 1        | NaN  | 1      | 1 | 'cake.nuts must lie in [0, 1) (got NaN)'",
            "2 | 1        | 0    | 0      | 1 | 'cake.sugar must lie in (0, 1] (got 0.0)'",
            "2 | 1        | 0    | 1.0001 | 1 | 'cake.sugar must lie in (0, 1] (got 1.0001)'",
            "2 | 1        | 0    | 1      | 0 | 'cake.candles must be at least 1, or absent (got 0)'",
    })
    void refusesWhatIsOutOfRange(int layers, double heat, float nuts, double sugar, Integer candles, String message) {
        if (message == null) {
            assertDoesNotThrow(() -> new Cake(layers, heat, nuts, sugar, candles, 0, ""));
        } else {
            assertEquals(message, assertThrows(InvalidKeyException.class, () -> new Cake(layers, heat, nuts, sugar, candles, 0, "")).getMessage());
        }
    }

    @Test
    void aRefusalIsThatOfTheConstructor() {
        Map<String, Object> values = values();
        values.put("heat", -1.0);
        InvalidKeyException refusal = assertThrows(InvalidKeyException.class, () -> KEYS.create(values));
        assertEquals(List.of("cake.heat"), refusal.keys());
    }

    @Test
    void everyComponentHasToBeChecked() {
        assertEquals("Cake has 6 keys, but its constructor checks 2: name every component there, in order",
                assertThrows(IllegalStateException.class, () -> KEYS.check("", 2, 1.0)).getMessage());
    }

    @Test
    void aSectionStandsBeforeEveryKey() {
        InvalidKeyException refusal = new InvalidKeyException("{layers} must be more than {creams} {here} (got 1)", "creams", "layers");
        assertEquals("layers must be more than creams {here} (got 1)", refusal.getMessage());
        InvalidKeyException within = refusal.in("cake");
        assertEquals("cake.layers must be more than cake.creams {here} (got 1)", within.getMessage());
        assertEquals(List.of("cake.creams", "cake.layers"), within.keys());
        assertSame(refusal, within.getCause());
    }
}
