#include "platform/http/http_response_reader.h"

#include <gtest/gtest.h>

#include <string>

namespace ringwire::platform {
namespace {

using State = HttpResponseReader::State;

State Judge(const std::string& bytes) {
  HttpResponseReader reader({.body_bytes = 10});
  return reader.Take(bytes);
}

TEST(HttpResponseReaderTest, ReadsAResponseHoweverItIsCut) {
  const std::string bytes =
      "HTTP/1.1 429 Too Many Requests\r\nContent-Type: application/json\r\nRetry-After: 42\r\n"
      "Content-Length: 2\r\n\r\n{}";
  for (size_t cut = 0; cut < bytes.size(); ++cut) {
    HttpResponseReader reader({});
    ASSERT_EQ(reader.Take(bytes.substr(0, cut)), State::kReads);
    ASSERT_EQ(reader.Take(bytes.substr(cut)), State::kComplete);
    EXPECT_TRUE(reader.keep_alive());
    const HttpResponse response = reader.TakeResponse();
    EXPECT_EQ(response.status, 429);
    EXPECT_EQ(response.content_type, "application/json");
    EXPECT_EQ(*response.Field("retry-after"), "42");
    EXPECT_EQ(response.body, "{}");
  }
}

TEST(HttpResponseReaderTest, AResponseWithoutContentHasNoLength) {
  EXPECT_EQ(Judge("HTTP/1.1 204 No Content\r\n\r\n"), State::kComplete);
  EXPECT_EQ(Judge("HTTP/1.1 204 No Content\r\nContent-Length: 1\r\n\r\nx"), State::kRefused);
}

TEST(HttpResponseReaderTest, RefusesWhatHasNoLength) {
  EXPECT_EQ(Judge("HTTP/1.1 200 OK\r\n\r\n"), State::kRefused);
  EXPECT_EQ(Judge("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), State::kRefused);
  EXPECT_EQ(Judge("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx"),
            State::kRefused);
  EXPECT_EQ(Judge("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n"), State::kRefused);
}

TEST(HttpResponseReaderTest, RefusesWhatNobodyAskedFor) {
  EXPECT_EQ(Judge("HTTP/1.1 100 Continue\r\n\r\n"), State::kRefused);
  EXPECT_EQ(Judge("HTTP/1.1 101 Switching Protocols\r\nUpgrade: a\r\n\r\n"), State::kRefused);
  EXPECT_EQ(Judge("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1"), State::kRefused);
  EXPECT_EQ(Judge("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"), State::kRefused);
  EXPECT_EQ(Judge("\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), State::kRefused);
  EXPECT_EQ(Judge("SSH-2.0-OpenSSH_9.2\r\n"), State::kRefused);
}

TEST(HttpResponseReaderTest, KnowsWhenTheConnectionEnds) {
  HttpResponseReader reader({});
  ASSERT_EQ(reader.Take("HTTP/1.1 400 Bad\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"),
            State::kComplete);
  EXPECT_FALSE(reader.keep_alive());
}

}  // namespace
}  // namespace ringwire::platform
