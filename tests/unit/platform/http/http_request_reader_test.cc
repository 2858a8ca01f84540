#include "platform/http/http_request_reader.h"

#include <gtest/gtest.h>

#include <string>

namespace ringwire::platform {
namespace {

using namespace std::string_literals;
using State = HttpRequestReader::State;

// The status that refuses the bytes; 0: they are a complete request; -1: more is expected.
int Judge(const std::string& bytes, HttpVersions versions = HttpVersions::kOnly11) {
  HttpRequestReader reader(HttpLimits{}, versions);
  switch (reader.Take(bytes)) {
    case State::kRefused:
      return reader.refusal();
    case State::kComplete:
      return 0;
    case State::kReadsHead:
    case State::kReadsBody:
      return -1;
  }
  return -1;
}

std::string Post(const std::string& fields, const std::string& body) {
  return "POST /x HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n" + body;
}

TEST(HttpRequestReaderTest, ReadsARequestHoweverItIsCut) {
  const std::string bytes =
      "POST /ringwire/v1/leases?x=1 HTTP/1.1\r\nHost: vpn.example.net\r\nX-Two:  b c \r\n"
      "Content-Length: 4\r\n\r\nbody";
  for (size_t cut = 0; cut < bytes.size(); ++cut) {
    HttpRequestReader reader(HttpLimits{}, HttpVersions::kOnly11);
    reader.Take(bytes.substr(0, cut));
    EXPECT_EQ(reader.empty(), cut == 0);
    EXPECT_TRUE(reader.state() == State::kReadsHead || reader.state() == State::kReadsBody) << cut;
    ASSERT_EQ(reader.Take(bytes.substr(cut)), State::kComplete) << cut;
    const HttpRequest request = reader.TakeRequest();
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.path(), "/ringwire/v1/leases");
    EXPECT_EQ(*request.Field("host"), "vpn.example.net");
    EXPECT_EQ(*request.Field("x-two"), "b c");
    EXPECT_EQ(request.Field("x-three"), nullptr);
    EXPECT_EQ(request.body, "body");
    EXPECT_TRUE(request.keep_alive);
    EXPECT_FALSE(request.asks_for_upgrade);
  }
}

TEST(HttpRequestReaderTest, KnowsWhenTheConnectionEnds) {
  HttpRequestReader reader(HttpLimits{}, HttpVersions::kOnly11);
  ASSERT_EQ(reader.Take("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
            State::kComplete);
  EXPECT_FALSE(reader.TakeRequest().keep_alive);
}

TEST(HttpRequestReaderTest, RefusesALengthThatTwoReadersMayUnderstandDifferently) {
  EXPECT_EQ(Judge(Post("Content-Length: 1\r\nContent-Length: 2\r\n", "x")), 400);
  EXPECT_EQ(Judge(Post("Content-Length: 1\r\nContent-Length: 1\r\n", "x")), 400);
  EXPECT_EQ(Judge(Post("Content-Length: 1, 1\r\n", "x")), 400);
  EXPECT_EQ(Judge(Post("Content-Length: -1\r\n", "")), 400);
  EXPECT_EQ(Judge(Post("Content-Length: +1\r\n", "x")), 400);
  EXPECT_EQ(Judge(Post("Content-Length: 0x1\r\n", "x")), 400);
  EXPECT_EQ(Judge(Post("Content-Length: 18446744073709551617\r\n", "x")), 400);
  EXPECT_EQ(Judge(Post("Content-Length: 1\r\n", "x")), 0);
}

TEST(HttpRequestReaderTest, RefusesEveryTransferEncoding) {
  EXPECT_EQ(Judge(Post("Transfer-Encoding: chunked\r\n", "0\r\n\r\n")), 501);
  EXPECT_EQ(Judge(Post("Transfer-Encoding: identity\r\n", "")), 501);
  EXPECT_EQ(Judge(Post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n")), 501);
  const int both = Judge(Post("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"));
  EXPECT_TRUE(both == 400 || both == 501) << both;
}

TEST(HttpRequestReaderTest, RefusesWhatIsNotWrittenAsTheStandardSays) {
  EXPECT_EQ(Judge("GET / HTTP/1.1\r\nHost: a\r\n X: folded\r\n\r\n"), 400);
  EXPECT_EQ(Judge("GET / HTTP/1.1\r\nHost : a\r\n\r\n"), 400);
  EXPECT_EQ(Judge("GET / HTTP/1.1\nHost: a\n\n"), 400);
  EXPECT_EQ(Judge("GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n"), 400);
  EXPECT_EQ(Judge("GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n"s), 400);
  EXPECT_EQ(Judge("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"s), 400);
  EXPECT_EQ(Judge("GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
  EXPECT_EQ(Judge("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
  EXPECT_EQ(Judge("\r\n\r\n"), 400);
  EXPECT_EQ(Judge("GET\r\n\r\n"), 400);
  EXPECT_EQ(Judge("GET / FTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(Judge("get / HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
  EXPECT_EQ(Judge("HTTP/1.1 200 OK\r\n\r\n"), 400);
  EXPECT_EQ(Judge("\x16\x03\x01\x00\r\n\r\n"s), 400);
}

TEST(HttpRequestReaderTest, WantsExactlyOneHostAndAPath) {
  EXPECT_EQ(Judge("GET / HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(Judge("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"), 400);
  EXPECT_EQ(Judge("GET http://other/ HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
  EXPECT_EQ(Judge("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
  EXPECT_EQ(Judge("CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
}

TEST(HttpRequestReaderTest, SpeaksOneVersionUnlessToldOtherwise) {
  EXPECT_EQ(Judge("GET / HTTP/1.0\r\nHost: a\r\n\r\n"), 505);
  EXPECT_EQ(Judge("GET / HTTP/2.0\r\nHost: a\r\n\r\n"), 505);
  EXPECT_EQ(Judge("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505);
  EXPECT_NE(Judge("GET /\r\n\r\n"), 0);
  EXPECT_EQ(Judge("GET / HTTP/1.0\r\n\r\n", HttpVersions::kAlso10), 0);
  EXPECT_EQ(Judge("GET / HTTP/1.1\r\n\r\n", HttpVersions::kAlso10), 400);
  EXPECT_EQ(Judge("GET / HTTP/0.9\r\n\r\n", HttpVersions::kAlso10), 505);
}

TEST(HttpRequestReaderTest, HasBounds) {
  const HttpLimits limits;
  const auto get = [](const std::string& target, const std::string& fields) {
    return "GET " + target + " HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
  };
  EXPECT_EQ(Judge(get("/" + std::string(limits.target_bytes - 1, 'x'), "")), 0);
  EXPECT_EQ(Judge(get("/" + std::string(limits.target_bytes, 'x'), "")), 414);
  std::string fields;
  for (size_t i = 1; i < limits.fields; ++i) fields += "a: b\r\n";
  EXPECT_EQ(Judge(get("/", fields)), 0);
  EXPECT_EQ(Judge(get("/", fields + "a: b\r\n")), 431);
  const size_t rest = limits.head_bytes - get("/", "x: \r\n").size();
  EXPECT_EQ(Judge(get("/", "x: " + std::string(rest, 'x') + "\r\n")), 0);
  EXPECT_EQ(Judge(get("/", "x: " + std::string(rest + 1, 'x') + "\r\n")), 431);
  EXPECT_EQ(Judge("GET / HTTP/1.1\r\nX: " + std::string(limits.head_bytes * 2, 'x')), 431);
  EXPECT_EQ(Judge(Post("Content-Length: 4096\r\n", std::string(4096, 'x'))), 0);
  EXPECT_EQ(Judge(Post("Content-Length: 4097\r\n", "")), 413) << "before the first byte of it";
}

TEST(HttpRequestReaderTest, ReadsOneRequestAtATime) {
  const std::string get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  EXPECT_EQ(Judge(get + get), 400);
  EXPECT_EQ(Judge(get + "x"), 400);
  HttpRequestReader reader(HttpLimits{}, HttpVersions::kOnly11);
  ASSERT_EQ(reader.Take(get), State::kComplete);
  EXPECT_EQ(reader.Take("x"), State::kRefused);
}

TEST(HttpRequestReaderTest, AnUpgradeHasNoBodyAndNothingBehindIt) {
  const std::string head =
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: connect-udp\r\n";
  HttpRequestReader reader(HttpLimits{}, HttpVersions::kOnly11);
  ASSERT_EQ(reader.Take(head + "\r\n"), State::kComplete);
  EXPECT_TRUE(reader.TakeRequest().asks_for_upgrade);
  EXPECT_EQ(Judge(head + "Content-Length: 1\r\n\r\nx"), 400);
  EXPECT_EQ(Judge(head + "Content-Length: 0\r\n\r\n"), 400);
  EXPECT_EQ(Judge(head + "\r\nPOST / HTTP/1.1\r\n\r\n"), 400);
}

}  // namespace
}  // namespace ringwire::platform
