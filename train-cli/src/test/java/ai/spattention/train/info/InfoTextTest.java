package ai.spattention.train.info;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.junit.jupiter.api.Test;

class InfoTextTest {

    private static String draw(String json) throws Exception {
        return InfoText.of((ObjectNode) new ObjectMapper().readTree(json));
    }

    @Test
    void alignsTheValuesOfALevel() throws Exception {
        assertEquals("""
                kind        run
                steps done  1,234,567
                model
                  heads  6
                """, draw("{\"kind\":\"run\",\"steps_done\":1234567,\"model\":{\"heads\":6}}"));
    }

    @Test
    void tasksKeepTheirNames() throws Exception {
        assertEquals("""
                tasks step  5
                tasks
                  arc_easy
                    acc_bytes  0.500
                """, draw("{\"tasks_step\":5,\"tasks\":{\"arc_easy\":{\"acc_bytes\":0.5}}}"));
    }

    @Test
    void showsValuesAsPeopleReadThem() throws Exception {
        assertEquals("x  3.642\n", draw("{\"x\":3.64199}"));
        assertEquals("x  0.000\n", draw("{\"x\":0.0}"));
        assertEquals("x  4.000e-04\n", draw("{\"x\":4e-4}"));
        assertEquals("x  -3.692e+22\n", draw("{\"x\":-3.692e22}"));
        assertEquals("x  yes\n", draw("{\"x\":true}"));
        assertEquals("x  none\n", draw("{\"x\":null}"));
        assertEquals("x  none\n", draw("{\"x\":[]}"));
        assertEquals("x  1000, 2000\n", draw("{\"x\":[1000,2000]}"));
        assertEquals("x  two lines\n", draw("{\"x\":\"two\\nlines\"}"));
    }

    @Test
    void showsSizesInTheirUnit() throws Exception {
        assertEquals("size  1023 bytes\n", draw("{\"size_bytes\":1023}"));
        assertEquals("size  1.0 KiB\n", draw("{\"size_bytes\":1024}"));
        assertEquals("size  2.5 MiB\n", draw("{\"size_bytes\":2621440}"));
        assertEquals("text  1.0 KiB\n", draw("{\"text_bytes\":\"1024\"}"));
        assertEquals("size  8192.0 PiB\n", draw("{\"size_bytes\":9223372036854775807}"));
    }
}
