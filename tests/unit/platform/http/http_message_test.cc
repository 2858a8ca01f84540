#include "platform/http/http_message.h"

#include <gtest/gtest.h>

#include <string>

#include "platform/http/http_request_reader.h"
#include "platform/http/http_response_reader.h"

namespace ringwire::platform {
namespace {

TEST(HttpMessageTest, AResponseIsReadAsItWasWritten) {
  const HttpResponse response{.status = 503,
                              .content_type = "application/json",
                              .fields = {{"Retry-After", "7"}},
                              .body = "{}"};
  const std::string message = ToHttpMessage(response, /*head_only=*/false, /*close=*/true);
  EXPECT_TRUE(message.starts_with("HTTP/1.1 503 Service Unavailable\r\n"));
  EXPECT_NE(message.find("Cache-Control: no-store\r\n"), std::string::npos);
  HttpResponseReader reader({});
  ASSERT_EQ(reader.Take(message), HttpResponseReader::State::kComplete);
  EXPECT_FALSE(reader.keep_alive());
  const HttpResponse read = reader.TakeResponse();
  EXPECT_EQ(read.status, 503);
  EXPECT_EQ(read.body, "{}");
  EXPECT_EQ(*read.Field("retry-after"), "7");
}

TEST(HttpMessageTest, TheAnswerToHeadHasTheLengthOfTheBodyOnly) {
  const std::string message = ToHttpMessage(HttpResponse{404, "text/plain", {}, "none\n"},
                                            /*head_only=*/true, /*close=*/false);
  EXPECT_TRUE(message.starts_with("HTTP/1.1 404 Not Found\r\n"));
  EXPECT_NE(message.find("Content-Length: 5\r\n"), std::string::npos);
  EXPECT_TRUE(message.ends_with("\r\n\r\n"));
}

TEST(HttpMessageTest, NoContentHasNoBodyAndNoLength) {
  const std::string message = ToHttpMessage(HttpResponse{.status = 204, .body = "x"}, false, false);
  HttpResponseReader reader({});
  EXPECT_EQ(reader.Take(message), HttpResponseReader::State::kComplete);
}

TEST(HttpMessageTest, ARequestIsReadAsItWasWritten) {
  const HttpRequest request{.method = "POST",
                            .target = "/a?b",
                            .fields = {{"Content-Type", "application/json"}},
                            .body = "{\"a\":1}"};
  HttpRequestReader reader(HttpLimits{}, HttpVersions::kOnly11);
  ASSERT_EQ(reader.Take(ToHttpMessage(request, "vpn.example.net")),
            HttpRequestReader::State::kComplete);
  const HttpRequest read = reader.TakeRequest();
  EXPECT_EQ(read.method, "POST");
  EXPECT_EQ(read.target, "/a?b");
  EXPECT_EQ(*read.Field("host"), "vpn.example.net");
  EXPECT_EQ(*read.Field("content-type"), "application/json");
  EXPECT_EQ(read.body, "{\"a\":1}");
}

}  // namespace
}  // namespace ringwire::platform
