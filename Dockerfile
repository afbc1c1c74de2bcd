# SPAttention for Java on the processor: docker build -t spattention . && docker run --rm -v "$PWD:/work" spattention quickstart
FROM maven:3.9-eclipse-temurin-17 AS build
WORKDIR /src
COPY . .
RUN mvn -q -B -Dmaven.test.skip=true -pl train-cli -am package \
    && mkdir /opt/spattention && tar xzf train-cli/target/spattention-*.tar.gz --strip-components=1 -C /opt/spattention

FROM eclipse-temurin:17-jre
COPY --from=build /opt/spattention /opt/spattention
ENV PATH="/opt/spattention:${PATH}"
WORKDIR /work
ENTRYPOINT ["/opt/spattention/spattn"]
