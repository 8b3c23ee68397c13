// Package slack is the edge to Slack: it verifies and decodes what Slack delivers, over Socket Mode or HTTP, hands it to
// commands, and renders replies and messages as Block Kit.
//
// Text from people stands in rich_text or plain_text elements alone, where Slack shows it as it is.
package slack
