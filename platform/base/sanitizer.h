#ifndef RINGWIRE_PLATFORM_BASE_SANITIZER_H_
#define RINGWIRE_PLATFORM_BASE_SANITIZER_H_

// Defined in builds whose memory a sanitizer watches.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define RINGWIRE_UNDER_SANITIZER 1
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define RINGWIRE_UNDER_SANITIZER 1
#endif

#endif  // RINGWIRE_PLATFORM_BASE_SANITIZER_H_
