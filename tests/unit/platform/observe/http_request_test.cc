#include "platform/observe/http_request.h"

#include <string>

#include "gtest/gtest.h"

namespace ringwire::platform {
namespace {

int RefusalOf(const std::string& received) {
  const HttpParse parse = ParseHttpRequest(received);
  return parse.complete && !parse.request.has_value() ? parse.refusal.status : 0;
}

TEST(HttpRequestTest, TakesAWholeHead) {
  const std::string head = "GET /metrics?x=1 HTTP/1.1\r\nHost: a\r\n\r\n";
  for (size_t size = 0; size < head.size(); ++size) {
    EXPECT_FALSE(ParseHttpRequest(head.substr(0, size)).complete) << size;
  }
  const HttpParse parse = ParseHttpRequest(head);
  ASSERT_TRUE(parse.complete);
  ASSERT_TRUE(parse.request.has_value());
  EXPECT_EQ(parse.request->method, "GET");
  EXPECT_EQ(parse.request->path, "/metrics");
}

TEST(HttpRequestTest, TakesHeadAndBareLineEnds) {
  const HttpParse parse = ParseHttpRequest("HEAD / HTTP/1.0\n\n");
  ASSERT_TRUE(parse.request.has_value());
  EXPECT_EQ(parse.request->method, "HEAD");
}

TEST(HttpRequestTest, RefusesWhatIsNoRequest) {
  EXPECT_EQ(RefusalOf("\r\n\r\n"), 400);
  EXPECT_EQ(RefusalOf("GET\r\n\r\n"), 400);
  EXPECT_EQ(RefusalOf("GET /\r\n\r\n"), 400);
  EXPECT_EQ(RefusalOf("GET / FTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(RefusalOf("get / HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(RefusalOf("GET http://a/ HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(RefusalOf(std::string("\x16\x03\x01\x00\r\n\r\n", 8)), 400);
  EXPECT_EQ(RefusalOf("GET / HTTP/2.0\r\n\r\n"), 505);
  EXPECT_EQ(RefusalOf("POST / HTTP/1.1\r\n\r\n"), 405);
}

TEST(HttpRequestTest, RefusesAHugeHead) {
  EXPECT_EQ(RefusalOf("GET / HTTP/1.1\r\nX: " + std::string(kHttpHeadBytesMax, 'x')), 431);
  EXPECT_EQ(RefusalOf("GET / HTTP/1.1\r\nX: " + std::string(kHttpHeadBytesMax, 'x') + "\r\n\r\n"),
            431);
}

TEST(HttpRequestTest, WritesTheWholeMessageOrItsHead) {
  const HttpResponse response{404, "text/plain", "none\n"};
  const std::string message = ToHttpMessage(response, false);
  EXPECT_TRUE(message.starts_with("HTTP/1.1 404 Not Found\r\n"));
  EXPECT_NE(message.find("Content-Length: 5\r\n"), std::string::npos);
  EXPECT_TRUE(message.ends_with("\r\n\r\nnone\n"));
  EXPECT_TRUE(ToHttpMessage(response, true).ends_with("\r\n\r\n"));
}

}  // namespace
}  // namespace ringwire::platform
