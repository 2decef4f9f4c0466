package sign

import "slices"

// Operations returns the family of APIs, as policy.NamedOperations knows it, whose query keys
// choose what a request does: "s3" for what is signed as S3, "azure" for Azure Storage, "" for all
// others.
func (s *Scheme) Operations(c Credential) string {
	switch {
	case s == &awsSigV4 && slices.Contains(escapedOnce, c["awsService"].Reveal()):
		return "s3"
	case s == &azureSharedKey:
		return "azure"
	}
	return ""
}
