-- {resources, scale} of a model that has processes of its own; none where it shares those of infer.
alter table pipelines add column serving jsonb;
