package slack

import (
	"maps"
	"slices"
)

func (w *Workspace) userInfo(args arguments) (result, error) {
	user, here := w.directory.user(args["user"])
	if !here {
		return nil, fail("user_not_found")
	}
	return result{"user": w.userJSON(user)}, nil
}

func (w *Workspace) userList(args arguments) (result, error) {
	cut, next, err := page(w.directory.users(), args, 1000, 1000)
	if err != nil {
		return nil, err
	}
	members := []map[string]any{}
	for _, user := range cut {
		members = append(members, w.userJSON(user))
	}
	return result{"members": members, "cache_ts": w.config.now().Unix(), "response_metadata": nextCursor(next)}, nil
}

func (w *Workspace) userByEmail(args arguments) (result, error) {
	user, here := first(w.directory.users(), func(u User) bool { return u.Email != "" && u.Email == args["email"] && !u.Deleted })
	if !here {
		return nil, fail("users_not_found")
	}
	return result{"user": w.userJSON(user)}, nil
}

func (w *Workspace) userJSON(user User) map[string]any {
	profile := map[string]any{
		"real_name": user.RealName, "real_name_normalized": user.RealName,
		"display_name": user.Name, "display_name_normalized": user.Name, "team": user.TeamID,
	}
	if w.has("users:read.email") && user.Email != "" {
		profile["email"] = user.Email
	}
	fields := map[string]any{
		"id": user.ID, "team_id": user.TeamID, "name": user.Name, "real_name": user.RealName, "profile": profile,
		"deleted": user.Deleted, "is_bot": user.Bot, "is_app_user": false, "updated": 1,
	}
	if user.Deleted { // Slack shows little of those who left
		return fields
	}
	maps.Copy(fields, map[string]any{
		"tz": user.TimeZone, "tz_label": user.TimeZone, "tz_offset": user.offset(w.config.now()),
		"is_admin": false, "is_owner": false, "is_primary_owner": false,
		"is_restricted": user.Guest, "is_ultra_restricted": false, "is_stranger": user.TeamID != w.config.TeamID,
	})
	return fields
}

func (w *Workspace) groupList(args arguments) (result, error) {
	groups := []map[string]any{}
	members := w.groups.all()
	for _, id := range slices.Sorted(maps.Keys(members)) {
		handle := w.directory.handle(id)
		group := map[string]any{
			"id": id, "team_id": w.config.TeamID, "is_usergroup": true, "name": handle, "handle": handle,
			"date_create": 1, "date_update": 1, "date_delete": 0, "user_count": len(members[id]),
		}
		if args.flag("include_users") {
			group["users"] = slices.Concat([]string{}, members[id])
		}
		groups = append(groups, group)
	}
	return result{"usergroups": groups}, nil
}

func (w *Workspace) groupUsers(args arguments) (result, error) {
	users, here := w.groups.all()[args["usergroup"]]
	if !here {
		return nil, fail("no_such_subteam")
	}
	return result{"users": slices.Concat([]string{}, users)}, nil
}
