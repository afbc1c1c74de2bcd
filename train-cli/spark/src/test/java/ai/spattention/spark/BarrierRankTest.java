package ai.spattention.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BarrierRankTest {

    @ParameterizedTest
    @CsvSource({"host:7077, host", "10.0.0.5:40123, 10.0.0.5", "host, host", "[2001:db8::1]:80, 2001:db8::1", "2001:db8::1, 2001:db8::1"})
    void anAddressIsAHostWithOrWithoutAPort(String address, String host) {
        assertEquals(host, BarrierRank.host(address));
    }
}
