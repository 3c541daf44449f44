-- What kind of caller `authid` is (CloudEvents' authtype); not known of events from before.
alter table mezz.flow_events add column authtype text;
